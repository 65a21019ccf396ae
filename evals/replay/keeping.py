"""Keeping: checkpoints in memory, of what a checkpoint cannot hold too, since a graph may do without them."""

# ruff: noqa: ANN401  LangGraph's signatures

from pickle import PicklingError
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

KEPT = "kept"
"""Type of what is an index into a list of objects."""


class Keeping:
    """A serializer that keeps an object itself where it has no other form."""

    def __init__(self, inner: SerializerProtocol) -> None:
        """Take the serializer that is tried first."""
        self._inner = inner
        self._kept: list[Any] = []

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """The object's type and bytes."""
        try:
            return self._inner.dumps_typed(obj)
        except (TypeError, ValueError, AttributeError, PicklingError):  # as msgpack and pickle refuse
            self._kept.append(obj)
            return KEPT, str(len(self._kept) - 1).encode()

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """The object of a type and bytes."""
        kind, content = data
        return self._kept[int(content)] if kind == KEPT else self._inner.loads_typed(data)


def saver(own: Any) -> InMemorySaver:
    """Checkpoints in memory, in the form of a graph's own ones if it has any."""
    return InMemorySaver(serde=Keeping(getattr(own, "serde", None) or JsonPlusSerializer()))
