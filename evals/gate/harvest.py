"""Training rows from recorded runs: what was answered without a complaint is harmless."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from evals.gate.given import row
from evals.gate.lived import answered, lived
from evals.gate.reports import SURFACES, rows_reported
from evals.gate.rows import Row
from state.feedback import Feedback
from state.trace import Run


class Recorded(Protocol):
    """The store, as far as it is read."""

    def trace_ids(self) -> list[str]:
        """Ids of all traces, oldest first."""
        ...

    def runs(self, trace_id: str) -> list[Run]:
        """The runs of one."""
        ...

    def feedback(self, trace_id: str | None = None) -> list[Feedback]:
        """What is thought of them."""
        ...


def harvested(store: Recorded, surface: str, *, traces: bool, feedback: bool) -> list[Row]:
    """Rows of a surface: of answered runs with `traces`, of reports with `feedback`; a text once.

    What was reported, in one run or another, counts as reported and not as harmless.
    """
    said: dict[str, list[Feedback]] = {}
    for one in store.feedback() if feedback or traces else ():
        said.setdefault(one.trace_id, []).append(one)
    found: dict[str, Row] = {}
    judged: dict[str, Row] = {}
    for trace_id in store.trace_ids():
        if traces or trace_id in said:
            runs = store.runs(trace_id)
            judged |= {one.text: one for one in _reported(said.get(trace_id, []), runs, surface)}
            if traces:
                found |= {one.text: one for one in _harmless(runs, surface)}
    missed = {text for text, one in judged.items() if one.label}
    harmless = {text: one for text, one in found.items() if text not in missed}
    return list((harmless | (judged if feedback else {})).values())


def _reported(said: Sequence[Feedback], runs: Sequence[Run], surface: str) -> Iterator[Row]:
    texts = list(lived(runs)) if said else []
    return (one for one in rows_reported(said, texts) if one.surface == surface)


def _harmless(runs: Sequence[Run], surface: str) -> Iterator[Row]:
    if answered(runs):
        for one in lived(runs):
            if not one.held and one.text and SURFACES[one.place] == surface:
                yield row({"text": one.text, "label": 0}, "traces", surface)
