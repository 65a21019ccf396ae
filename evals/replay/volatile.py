"""Volatile parts: what may differ between a recording and its replay without being a change."""

import re
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass

from state.canonical import sameness
from state.errors import UsageError
from state.schema import Json

FORMS = "Use TOOL.field, TOOL/json/pointer (* for any key), state/json/pointer or prompt:REGEX."


@dataclass(frozen=True)
class Volatile:
    """Fields of tools' arguments and of the final state, and texts of prompts."""

    fields: tuple[tuple[str, tuple[str, ...]], ...] = ()
    prompts: tuple[re.Pattern[str], ...] = ()

    def key(self, kind: str, name: str, asked: Json) -> tuple[str, str, str]:
        """What two calls share that are the same call."""
        if kind == "model":
            return kind, "", sameness([self._text(str(line)) for line in asked])
        return kind, name, sameness(self.without(name, asked))

    def without(self, owner: str, value: Json) -> Json:
        """The value without the volatile fields of this owner."""
        paths = [path for name, path in self.fields if name == owner]
        if not paths:
            return value
        kept = deepcopy(value)
        for path in paths:
            _remove(kept, path)
        return kept

    def _text(self, line: str) -> str:
        for pattern in self.prompts:
            line = pattern.sub("…", line)
        return line


def volatile(declared: Iterable[str]) -> Volatile:
    """Parse declarations.

    Raises:
        UsageError: one has no known form.
    """
    fields, prompts = [], []
    for one in declared:
        if one.startswith("prompt:"):
            prompts.append(_pattern(one.removeprefix("prompt:")))
        elif match := re.fullmatch(r"([^/.]+)(?:\.([^/]+)|/(.+))", one):
            owner, name, pointer = match.groups()
            parts = (name,) if name else tuple(pointer.split("/"))
            fields.append((owner, tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)))
        else:
            raise UsageError(f"{one!r} names nothing volatile.", FORMS)
    return Volatile(tuple(fields), tuple(prompts))


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise UsageError(f"{text!r} is no regular expression: {error}.", FORMS) from error


def _remove(value: Json, path: tuple[str, ...]) -> None:
    first, *rest = path
    if isinstance(value, list):
        keys: list[Json] = [i for i in range(len(value)) if first in ("*", str(i))]
    else:
        keys = [key for key in value if first in ("*", key)] if isinstance(value, dict) else []
    for key in reversed(keys):
        if rest:
            _remove(value[key], tuple(rest))
        else:
            del value[key]
