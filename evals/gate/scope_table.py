"""What a scope by examples is worth: ranking, refusals of what is inside, recall of what is outside.

    python -m evals.gate.scope_table [--data DIR] [--draws N] [--json] [--curve]

The examples are drawn at random from an assistant's utterances, all others are judged. Outside: what is near
to the assistant's domain and not offered, and with DIR (which has `train.jsonl.gz` and `dev.jsonl.gz`) public
requests that are far from it. `given` are intents of which the policy has five outside examples each.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evals.gate.fitting import calibrated
from evals.gate.metrics import auc, calibration_error
from evals.gate.rows import Row, read
from models.embeddings.names import Embedder, resolve
from models.gate.scope.classifier import Scope, talk
from models.gate.scope.kept import PROBE, Kept
from models.gate.scope.prototypes import OFFSET, SLOPE
from state.errors import UsageError
from state.scope_policy import ScopePolicy

WRITTEN = Path(__file__).parent / "scope"
SIZES = (5, 10, 20, 50, 150)
FAR = ("CLINC150", "GPTeacher", "BFCL", "MT-bench")
FAR_TEXTS = 100
"""Of each public source."""
GIVEN_INTENTS, GIVEN_TEXTS = 5, 5
Doubles = NDArray[np.float64]


class Recalled:
    """Vectors of texts that were embedded all at once."""

    name = "minilm"
    dimensions = 384

    def __init__(self, texts: Iterable[str], embedder: Embedder) -> None:
        known = list(dict.fromkeys(texts))
        self._at = {text: place for place, text in enumerate(known)}
        self._vectors = embedder.embed(known)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts that are known."""
        return self._vectors[[self._at[text] for text in texts]]


@dataclass(frozen=True)
class Measured:
    """One draw of examples for one assistant; `near` and `far` are what is outside."""

    assistant: str
    examples: int
    given: bool
    promised: bool
    auc_near: float
    auc_far: float
    refused_inside: float
    recall_given: float
    recall_near: float
    recall_far: float
    calibration: float


class Judged(NamedTuple):
    """Scores of the texts of one draw."""

    inside: Doubles
    given: Doubles
    near: Doubles
    far: Doubles
    threshold: float
    promised: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m evals.gate.scope_table", description=(__doc__ or "").split("\n\n", 1)[0]
    )
    parser.add_argument("--data", type=Path, help="folder with the public rows")
    parser.add_argument(
        "--draws", type=int, default=10, help="draws of examples for each assistant and number"
    )
    parser.add_argument("--json", action="store_true", help="every draw as one JSON document")
    parser.add_argument("--curve", action="store_true", help="fit the curve to probabilities, and print it")
    options = parser.parse_args(arguments)
    try:
        far = public(options.data) if options.data else []
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    judged = list(draws(assistants(), far, options.draws))
    found = [measured(*one) for one in judged]
    if options.curve:
        sys.stdout.write(curve([one[-1] for one in judged]))
    elif options.json:
        sys.stdout.write(json.dumps([asdict(one) for one in found], indent=2) + "\n")
    else:
        sys.stdout.write(rendered(found))
    return 0


def assistants() -> dict[str, list[Row]]:
    """The utterances written for each assistant; label 1 is outside of what it is for."""
    return {path.stem: read(path) for path in sorted(WRITTEN.glob("*.jsonl"))}


def public(folder: Path) -> list[str]:
    """Requests that none of the assistants is for, as far as their sources tell.

    Those of airlines, shops and accounts that CLINC150 and BFCL hold are counted as outside, too.
    """
    rows = [row for part in ("train", "dev") for row in read(folder / f"{part}.jsonl.gz")]
    chosen = np.random.default_rng(11)
    found: list[str] = []
    for source in FAR:
        texts = [row.text for row in rows if (row.source, row.surface, row.label) == (source, "input", 0)]
        found += [texts[at] for at in chosen.permutation(len(texts))[:FAR_TEXTS]]
    return found


def draws(
    utterances: dict[str, list[Row]], far: list[str], number: int
) -> Iterable[tuple[str, int, bool, Judged]]:
    """Every draw, with and without outside examples."""
    known = [PROBE, *talk(), *far, *(row.text for rows in utterances.values() for row in rows)]
    embedder = Recalled([part for text in known for part in _parts(text)], resolve())
    with tempfile.TemporaryDirectory() as folder:
        kept = Kept(embedder, Path(folder))
        for assistant, rows in utterances.items():
            for size in SIZES:
                for draw in range(number):
                    for given in (False, True):
                        yield assistant, size, given, judged(rows, far, size, draw, given=given, kept=kept)


def _parts(text: str) -> list[str]:
    from models.gate.scope.pieces import pieces

    return [text[start:end] for start, end in pieces(text, None)]


def judged(rows: list[Row], far: list[str], size: int, draw: int, *, given: bool, kept: Kept) -> Judged:
    """Scores of all texts that are no examples."""
    random = np.random.default_rng(draw)
    texts = [row.text for row in rows if row.label == 0]
    order = [texts[at] for at in random.permutation(len(texts))]
    intents = [str(one) for one in random.permutation(sorted({row.sub for row in rows if row.label == 1}))]
    theirs = {intent: [row.text for row in rows if row.sub == intent] for intent in intents}
    outside = {one: tuple(theirs[one][:GIVEN_TEXTS]) for one in intents[:GIVEN_INTENTS]} if given else {}
    scope = Scope(ScopePolicy(inside={"all": tuple(order[:size])}, outside=outside), kept)

    def scores(texts: Iterable[str]) -> Doubles:
        return np.array([scope.classify(text, "screen")[0].score for text in texts])

    return Judged(
        inside=scores(order[size:]),
        given=scores(text for one in intents[:GIVEN_INTENTS] for text in theirs[one][GIVEN_TEXTS:]),
        near=scores(text for one in intents[GIVEN_INTENTS:] for text in theirs[one]),
        far=scores(far),
        threshold=scope.card.threshold,
        promised=scope.card.false_alarms is not None,
    )


def measured(assistant: str, size: int, given: bool, judged: Judged) -> Measured:
    """The figures of a draw."""

    def share(scores: Doubles) -> float:
        return float((scores >= judged.threshold).mean()) if len(scores) else float("nan")

    scores = np.concatenate([judged.inside, judged.near, judged.far])
    outside = np.arange(len(scores)) >= len(judged.inside)
    return Measured(
        assistant=assistant,
        examples=size,
        given=given,
        promised=judged.promised,
        auc_near=auc(judged.near, judged.inside),
        auc_far=auc(judged.far, judged.inside),
        refused_inside=share(judged.inside),
        recall_given=share(judged.given),
        recall_near=share(judged.near),
        recall_far=share(judged.far),
        calibration=calibration_error(scores, outside),
    )


def rendered(found: Sequence[Measured]) -> str:
    """The table in Markdown: means over assistants and draws, with the 2.5th and 97.5th percentile."""
    shown = (
        "auc_near",
        "auc_far",
        "refused_inside",
        "recall_near",
        "recall_far",
        "recall_given",
        "calibration",
    )
    head = (
        "| examples | outside given | promised | within 5 % | " + " | ".join(shown).replace("_", " ") + " |"
    )
    lines = [head, "|---" * (head.count("|") - 1) + "|"]
    for size in SIZES:
        for given in (False, True):
            rows = [one for one in found if (one.examples, one.given) == (size, given)]
            within = np.mean([one.refused_inside <= 0.05 for one in rows])
            cells = [str(size), "yes" if given else "no", "5 %" if rows[0].promised else "nothing"]
            cells += [
                f"{within:.0%} of draws",
                *(_interval([getattr(one, name) for one in rows]) for name in shown),
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _interval(values: Sequence[float]) -> str:
    if np.isnan(values).any():
        return "–"
    low, high = np.percentile(values, [2.5, 97.5])
    return f"{np.mean(values):.3f} ({low:.2f}–{high:.2f})"


def curve(judged: Sequence[Judged]) -> str:
    """The logistic curve over all draws, inside and outside of equal weight."""
    inside = np.concatenate([one.inside for one in judged])
    outside = np.concatenate([np.concatenate([one.near, one.far]) for one in judged])
    scores = np.concatenate([inside, outside])
    labels = np.arange(len(scores)) >= len(inside)
    weights = np.where(labels, 1 / len(outside), 1 / len(inside)) * len(scores) / 2
    kept = scores > 0
    distances = (np.log(scores[kept] / (1 - scores[kept])) + OFFSET) / SLOPE
    fitted = calibrated(distances, labels[kept], weights[kept])
    return f"SLOPE, OFFSET = {fitted.slope:.1f}, {-fitted.offset:.1f}\n"


if __name__ == "__main__":
    raise SystemExit(main())
