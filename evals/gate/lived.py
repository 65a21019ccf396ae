"""The texts that the gate judged in recorded runs, and what was decided about them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from state.canonical import canonical, digest_text
from state.schema import Json
from state.trace import Run
from state.verdict import MILD, Place

KEPT = 12
"""Characters of a text's digest by which it is named."""
JUDGING = frozenset({"execute", "retrieve"})
"""The nodes that judge what a tool gave."""


class Lived(NamedTuple):
    """A text that the gate judged in a run of ours."""

    trace_id: str
    place: Place
    text: str
    step: str
    """The step that it is a result of; empty for the request."""
    held: int
    """How many of the texts judged with it were held back; of a request, itself."""
    gate: str
    """Digest of everybody who judged."""

    @property
    def name(self) -> str:
        """The beginning of the text's digest."""
        return digest_text(self.text).removeprefix("sha256:")[:KEPT]


def lived(runs: Sequence[Run]) -> Iterator[Lived]:
    """The texts of one trace: the request, then the results in the order of their steps.

    A trace of another program has none. Texts of a step count as often as they were judged.
    """
    gates = (runs[0].metadata.get("stamp") or {}).get("gate") or {} if runs else {}
    for run in runs:
        if run.run_type != "chain" or run.outputs is None:
            continue
        held = sum(_withholds(one) for one in _verdicts(run))
        if run.name == "screen" and isinstance(run.inputs.get("request"), str):
            yield Lived(run.trace_id, "screen", run.inputs["request"], "", held, gates.get("screen", ""))
        elif run.name in JUDGING:
            step = str((run.inputs.get("warrant") or {}).get("step", ""))
            for text in results(run, runs):
                yield Lived(run.trace_id, "result", text, step, held, gates.get("result", ""))


def answered(runs: Sequence[Run]) -> bool:
    """Whether the run of a trace ended with an answer."""
    return bool(runs) and runs[0].metadata.get("outcome") == "answered"


def _verdicts(run: Run) -> list[dict[str, Json]]:
    return (run.outputs or {}).get("verdicts") or []


def _withholds(verdict: dict[str, Json]) -> bool:
    return verdict.get("decision") not in MILD


def results(node: Run, runs: Sequence[Run]) -> Iterator[str]:
    """What the gate read of the node's tool call: each passage on its own, or the whole output."""
    for run in runs:
        if run.run_type != "tool" or run.outputs is None or run.error is not None:
            continue
        if run.dotted_order.startswith(f"{node.dotted_order}."):
            output = run.outputs.get("output")
            passages = output.get("passages") if isinstance(output, dict) else None
            if isinstance(passages, list):
                yield from (passage["text"] for passage in passages)
            else:
                yield canonical(output)
