"""Plain JSON of anything that a run gets or gives, as it is at this moment and bounded in size."""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from itertools import islice
from pathlib import PurePath
from typing import TypeVar
from uuid import UUID

from langchain_core.messages import BaseMessage
from langgraph.types import Send
from pydantic import BaseModel

from state.schema import Json

MAX_CHARS = 1_000_000
MAX_VALUES = 20_000
MAX_DEPTH = 40
MAX_BITS = 1_000  # Python writes no integer of more than 4,300 digits
CUT = "… [cut: "
"""What stands where a snapshot leaves something out."""

Item = TypeVar("Item")
TEXTUAL = (UUID, PurePath, Decimal, datetime, date, time)


def snapshot(value: object) -> Json:
    """Copy a value into plain JSON, so that changing it later does not change the copy.

    At most MAX_CHARS characters and MAX_VALUES values are copied, MAX_DEPTH deep; a marker that begins with
    CUT stands for the rest. Messages become `{"type", "content", "tool_calls", …}`. An object without a form
    in JSON becomes the name of its type, since its `repr` could be slow, huge or secret.
    """
    return _Copier().copy(value, 0)


def record(value: object) -> dict[str, Json]:
    """Snapshot of inputs or outputs, which are objects in LangSmith."""
    copied = snapshot(value)
    return copied if isinstance(value, Mapping) and isinstance(copied, dict) else {"value": copied}


class _Copier:
    def __init__(self) -> None:
        self.chars = MAX_CHARS
        self.values = MAX_VALUES

    def copy(self, value: object, depth: int) -> Json:  # noqa: PLR0911  one line per kind reads best
        self.values -= 1
        if isinstance(value, str):
            return self._text(value)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return (
                value if value.bit_length() <= MAX_BITS else f"{CUT}an integer of {value.bit_length()} bits]"
            )
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        if depth >= MAX_DEPTH:
            return f"{CUT}nested deeper than {MAX_DEPTH}]"
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, list | tuple | set | frozenset):
            return self._list(value, len(value), depth)
        return self._object(value, depth)

    def _text(self, value: str) -> str:
        room, size = self.chars, len(value)
        self.chars = max(0, room - size)
        if size > room:
            return f"{value[:room]}{CUT}{size - room} of {size} characters]"
        return value if type(value) is str else str.__str__(value)

    def _mapping(self, value: Mapping[Json, Json], depth: int) -> dict[str, Json]:
        copied: dict[str, Json] = {}
        for done, (key, item) in enumerate(self._first(value.items())):
            if self._spent():
                copied["…"] = f"{CUT}{len(value) - done} of {len(value)} entries]"
                break
            name = self._text(str(key))
            copied[name] = self.copy(item, depth + 1)
        return copied

    def _list(self, value: Iterable[object], size: int, depth: int) -> list[Json]:
        copied: list[Json] = []
        for item in self._first(value):
            if self._spent():
                copied.append(f"{CUT}{size - len(copied)} of {size} items]")
                break
            copied.append(self.copy(item, depth + 1))
        return copied

    def _object(self, value: object, depth: int) -> Json:  # noqa: PLR0911  as above
        if isinstance(value, BaseMessage):
            return self._message(value, depth)
        if isinstance(value, BaseModel):
            return self._mapping(value.__dict__, depth)
        if isinstance(value, Enum):
            return self.copy(value.value, depth + 1)
        if isinstance(value, Send):
            return self._mapping({"node": value.node, "arg": value.arg}, depth)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            names = [field.name for field in dataclasses.fields(value) if field.repr]
            return self._mapping({name: getattr(value, name, None) for name in names}, depth)
        if isinstance(value, TEXTUAL):
            return self._text(str(value))
        if isinstance(value, BaseException):
            return self._text(f"{type(value).__name__}: {value}")
        return f"<{type(value).__module__}.{type(value).__qualname__}>"

    def _message(self, message: BaseMessage, depth: int) -> dict[str, Json]:
        """LangChain's plain form of a message, empty fields left out."""
        kept = {name: item for name, item in message.__dict__.items() if item or name == "content"}
        return self._mapping({"type": message.type, **kept}, depth)

    def _first(self, items: Iterable[Item]) -> list[Item]:
        """As many as may be copied, and one more that is not; a list, since another thread may add some."""
        return list(islice(items, max(0, self.values) + 1))

    def _spent(self) -> bool:
        return self.values <= 0 or self.chars <= 0
