"""What an artefact's card says, from what was trained and measured; `CARD.md` is the same for people."""

import hashlib
from collections.abc import Iterable, Sequence

from evals.gate.metrics import auc, bootstrapped, calibration_error, recall_at, share
from evals.gate.rows import Row
from evals.gate.training import Prepared, Recipe, Trained
from models.gate.card import Card, DataCard, Figure, HeadCard
from models.gate.ngrams.stored import features

SPLITS = (
    "Figures are of texts by models that had seen neither their source nor what is made of it: each public "
    "source was left out in turn, the written ones in thirds, near-duplicates (MinHash, Jaccard 0.7) always "
    "together. The threshold is made from benign texts that were held back, and raised where the sources "
    "left out ask for it."
)
LIMITS = {
    "input": (
        "Harmful content is not looked for: n-grams cannot tell it from a harmless question about the same.",
        "Jailbreaks by role play collide with harmless role play; they are flagged, not refused.",
        "The promise is about texts like those held back; for other texts see the sources left out.",
        "A hijack that names neither instructions nor secrets, in words of everyday requests, is missed.",
    ),
    "tool": (
        "Instructions that fit what surrounds them, such as a step in a manual, are missed.",
        "The promise is about texts like those held back; for other texts see the sources left out.",
        "Mostly English; other languages are known from the written examples only.",
    ),
}


def card(
    recipe: Recipe, data: Prepared, used: Sequence[Row], heads: dict[str, Trained], created: str
) -> Card:
    """The card, still without the digests of its files."""
    measured = {category: figures(data, head) for category, head in heads.items()}
    return Card(
        name=recipe.name,
        version=1,
        created=created,
        surface="input" if recipe.surface == "input" else "tool",
        heads={category: _with_error(data, head) for category, head in heads.items()},
        features=features(recipe.shape),
        files={"weights.npz": "0" * 64},
        data=tuple(sources(used)),
        splits=SPLITS,
        metrics=measured,
        limits=LIMITS[recipe.surface],
    )


def sources(rows: Sequence[Row]) -> Iterable[DataCard]:
    """The rows by source and licence."""
    for source, licence in sorted({(row.source, row.licence) for row in rows}):
        inside = [row for row in rows if (row.source, row.licence) == (source, licence)]
        yield DataCard(
            source=source,
            licence=licence,
            rows=len(inside),
            attacks=sum(row.label for row in inside),
            sha256=digest(inside),
        )


def digest(rows: Sequence[Row]) -> str:
    """Of the sorted digests of each row's label and text, so that their order does not count."""
    each = sorted(
        hashlib.sha256(
            f"{row.label}\0{row.category}\0{row.text}".encode("utf-8", "surrogatepass")
        ).hexdigest()
        for row in rows
    )
    return hashlib.sha256("\n".join(each).encode()).hexdigest()


def figures(data: Prepared, head: Trained) -> dict[str, Figure]:
    """Figures on sources left out, with intervals, and the rate at the threshold for each source."""
    bad = head.unseen[head.judged & data.attacks]
    good = head.unseen[head.judged & ~data.attacks]
    threshold = head.card.threshold
    measures = {
        "auc": auc,
        "recall at 1 % false alarms": lambda attacks, benign: recall_at(attacks, benign, 0.01),
        "recall at 0.1 % false alarms": lambda attacks, benign: recall_at(attacks, benign, 0.001),
        "recall at the threshold": lambda attacks, _: share(attacks, threshold),
        "false alarms at the threshold": lambda _, benign: share(benign, threshold),
    }
    found = {name: _figure(bootstrapped(bad, good, measure)) for name, measure in measures.items()}
    found["calibration error"] = Figure(value=round(_error(data, head), 4))
    for label, name in ((False, "false alarms"), (True, "recall")):
        for source in sorted(set(data.sources[head.judged & (data.attacks == label)])):
            inside = head.judged & (data.attacks == label) & (data.sources == source)
            found[f"{name}: {source} ({inside.sum()})"] = Figure(
                value=round(share(head.unseen[inside], threshold), 4)
            )
    return found


def explained(card: Card) -> str:
    """`CARD.md`."""
    lines = [
        f"# The classifier `{card.name}`",
        "",
        f"Version {card.version} of {card.created}, for texts of the surface `{card.surface}`.",
        "",
        f"Hashed n-grams of words ({_numbers(card.features.words)}) and characters "
        f"({_numbers(card.features.chars)}), pairs and triples of markers, in windows of "
        f"{card.features.window} characters, weighed by logistic regression; the worst window of all "
        "readings of a text counts. Written by `python -m evals.gate.train`.",
        *_second(card),
        "",
        card.splits,
        "",
        "| head | threshold | at most | promise | calibration error |",
        "|---|---|---|---|---|",
    ]
    for category, head in card.heads.items():
        promise = (
            "none"
            if head.promise is None
            else (
                f"≤ {head.promise.false_alarms:.1%} false alarms at {head.promise.confidence:.0%} "
                f"confidence, "
                f"from {head.promise.benign} benign texts"
            )
        )
        error = "" if head.calibration.error is None else f"{head.calibration.error:.3f}"
        lines.append(f"| {category} | {head.threshold:.3f} | {head.action} | {promise} | {error} |")
    for category, found in card.metrics.items():
        lines += ["", f"## {category}", "", "| figure | value | 95 % interval |", "|---|---|---|"]
        for name, figure in found.items():
            interval = "" if figure.low is None else f"{figure.low:.3f} – {figure.high:.3f}"
            lines.append(f"| {name} | {figure.value:.3f} | {interval} |")
    lines += ["", "## What it does not do", "", *(f"* {limit}" for limit in card.limits)]
    lines += ["", "## Data", "", "| source | licence | rows | attacks | SHA-256 |", "|---|---|---|---|---|"]
    lines += [
        f"| {one.source} | {one.licence} | {one.rows} | {one.attacks} | `{one.sha256[:16]}…` |"
        for one in card.data
    ]
    lines += ["", "The rows are not part of the artefact. The SHA-256 is of the sorted digests of the rows."]
    return "\n".join(lines) + "\n"


def _second(card: Card) -> list[str]:
    """What stands behind the n-grams."""
    cascade = card.cascade
    if cascade is None:
        return []
    when = (
        f"Where the n-grams of `{cascade.category}` say {cascade.asked:.3f} or more"
        if cascade.asked
        else "Always"
    )
    return [
        "",
        f"{when}, a fine-tuned transformer of four layers (`{cascade.file}`, int8) reads the "
        f"{cascade.windows} windows that are worst by the n-grams of `{cascade.category}` as well; the "
        f"log-odds of both are added, {cascade.ngrams:.2f} and {cascade.encoder:.2f} times.",
    ]


def _with_error(data: Prepared, head: Trained) -> HeadCard:
    calibration = head.card.calibration.model_copy(update={"error": round(_error(data, head), 4)})
    return head.card.model_copy(update={"calibration": calibration})


def _error(data: Prepared, head: Trained) -> float:
    return calibration_error(head.unseen[head.judged], data.attacks[head.judged])


def _figure(interval: tuple[float, float, float]) -> Figure:
    value, low, high = (round(float(part), 4) for part in interval)
    return Figure(value=value, low=low, high=high)


def _numbers(values: Sequence[int]) -> str:
    return ", ".join(str(value) for value in values)
