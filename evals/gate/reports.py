"""What users report of the gate, kept as feedback: texts that were held back wrongly, or missed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from evals.gate.given import ATTACK, row
from evals.gate.lived import Lived
from evals.gate.rows import Row
from state.errors import UsageError
from state.feedback import Feedback

Kind: TypeAlias = Literal["false_alarm", "missed"]

KEY = "gate"
LABELS: dict[str, int] = {"false_alarm": 0, "missed": 1}
SURFACES = {"screen": "input", "result": "tool"}


class Report(NamedTuple):
    """One text of a trace, and what is wrong about how it was judged."""

    kind: str
    place: str
    text: str
    """The name of the text: the beginning of its digest."""

    def __str__(self) -> str:
        return f"{self.kind} {self.place} {self.text}"


def reports(feedback: Feedback) -> list[Report]:
    """What a feedback says of the gate; nothing if it is about something else."""
    if feedback.key != KEY:
        return []
    parts = [line.split(" ") for line in (feedback.comment or "").splitlines()]
    return [Report(*part) for part in parts if len(part) == 3 and part[0] in LABELS and part[1] in SURFACES]


def reported(before: Feedback | None, kind: Kind, lived: Lived, source: str, created: datetime) -> Feedback:
    """The feedback of a trace with one more report; a later one of the same text takes its place."""
    new = Report(kind, lived.place, lived.name)
    old = [one for one in (reports(before) if before else []) if one[1:] != new[1:]]
    return Feedback(
        trace_id=lived.trace_id,
        key=KEY,
        source=source,
        comment="\n".join(map(str, [*old, new])),
        created=created,
    )


def picked(found: Iterable[Lived], place: str, containing: str | None) -> Lived:
    """The one text of a trace that is meant.

    Raises:
        UsageError: there is none, or there are several.
    """
    texts = {one.text: one for one in found if one.place == place}
    chosen = [one for text, one in texts.items() if containing is None or containing in text]
    if not chosen:
        raise UsageError(
            f"The run has no text at {place}" + (f" that contains {containing!r}." if containing else "."),
            "See: warrant trace show RUN; --place says where, --containing which.",
        )
    if len(chosen) > 1:
        steps = ", ".join(sorted({one.step or "the request" for one in chosen}))
        raise UsageError(
            f"{len(chosen)} texts at {place} could be meant, of {steps}.",
            "Give words that only one of them has with --containing.",
        )
    return chosen[0]


def rows_reported(feedback: Sequence[Feedback], texts: Sequence[Lived]) -> list[Row]:
    """Labelled rows of what was reported about the texts of one trace."""
    by_name = {(str(one.place), one.name): one for one in texts}
    found = []
    for report in (report for one in feedback for report in reports(one)):
        lived = by_name.get((report.place, report.text))
        if lived is not None and lived.text:
            surface = SURFACES[report.place]
            known = {"text": lived.text, "label": LABELS[report.kind], "category": ATTACK[surface]}
            found.append(row(known, "feedback", surface))
    return found
