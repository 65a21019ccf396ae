"""Clearance: before a node uses what a thread has read, its caller must be allowed to read all of it, now.

Passages find their way into arguments, drafts, outputs of `extract`, and answers that later turns are told.
So it is the thread that remembers its sources, and not each value. Who lost a label, who goes on with a
thread of somebody else, and who read a source that has got a label since, is turned away; nothing is done.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any, Literal, TypeAlias

from langgraph.runtime import Runtime

from nodes.callers import Callers
from state.agent import Context, Ending
from state.errors import WarrantError

LabelsOf: TypeAlias = Callable[[Iterable[str]], Mapping[str, frozenset[str]]]
"""The labels that sources have now, of those that are indexed; it blocks.

Raises:
    WarrantError: it cannot be known.
"""
Otherwise: TypeAlias = Literal["ends", "waits", "tells"]
"""What becomes of a node whose caller has no clearance: the run ends there; it does nothing, since other
nodes run beside it and `schedule` comes next; it tells that the run ended, instead of an answer."""

NOT_CLEARED = (
    "This conversation rests on text that you may not read, or not any more. Ask in a new conversation."
)


def nothing_indexed(_sources: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """Every source keeps the labels that it had when it was read."""
    return {}


@dataclass(frozen=True)
class Clearance:
    """Whether a caller may read what a thread has read."""

    caller: Callers
    labels_of: LabelsOf

    async def ending(self, read: Mapping[str, Iterable[str]], runtime: Runtime[Context]) -> Ending | None:
        """How the run must end; None if it may go on."""
        if not read:
            return None
        try:
            now = await asyncio.to_thread(self.labels_of, list(read))
        except WarrantError as error:
            return Ending(outcome="failed", reason=str(error))
        held = self.caller(runtime).labels
        if all(held.issuperset(now.get(source, labels)) for source, labels in read.items()):
            return None
        return Ending(outcome="refused", reason=NOT_CLEARED)


@dataclass(frozen=True)
class Cleared:
    """A node that uses what the thread has read; its view has `read`."""

    node: Callable[..., Any]
    clearance: Clearance
    otherwise: Otherwise = "ends"

    @property
    def __name__(self) -> str:
        return type(self.node).__name__

    async def __call__(self, state: Any, *, runtime: Runtime[Context]) -> Mapping[str, object]:  # noqa: ANN401
        """Do what the node does, unless its caller may not."""
        if ending := await self.clearance.ending(state.get("read") or {}, runtime):
            if self.otherwise == "ends":
                return {"ending": ending}
            if self.otherwise == "waits":
                return {}
            state = {**state, "ending": ending, "answer": None}
        told = {"runtime": runtime} if "runtime" in signature(self.node).parameters else {}
        update: Mapping[str, object] = await self.node(state, **told)
        return update
