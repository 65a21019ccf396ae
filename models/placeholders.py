"""Placeholders: what stands in a prompt instead of a secret or of somebody's data, and the way back.

Within one prompt a value has one placeholder, `[email_1]`, wherever it stands. They are numbered in the order
of the prompt, so that equal prompts have equal placeholders in every process: a recorded run can be replayed.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Literal, TypeAlias

from models.redaction import SECRET_NAME, is_long_number
from models.sensitive import Match, disjoint, find_named
from state.schema import Json

Scope: TypeAlias = Literal["secrets", "all"]
"""What is replaced: secrets alone, or personal data as well."""

PLACEHOLDER = re.compile(r"\[[a-z][a-z_]{1,40}_\d{1,6}\]")
LEAST_CHARS = 6
"""A shorter value is replaced only where it was found, since it may be a part of anything."""


class Placeholders:
    """The values of one prompt and what stands for them."""

    def __init__(self, scope: Scope) -> None:
        self.values: dict[str, str] = {}
        """Placeholder → value."""
        self._scope = scope
        self._learnt: list[tuple[str, str]] = []
        self._of: dict[str, str] = {}
        self._taken: set[str] = set()
        self._counts = Counter[str]()

    def learn(self, value: Json, name: str = "") -> None:
        """Take note of a part of a prompt, texts and names at any depth.

        All of a prompt is learnt before any of it is hidden: a value that is found at one place may stand
        without its label at another, and what looks like a placeholder must not become one.
        """
        self._learnt += _texts(value, name)

    def settle(self) -> bool:
        """Give each value its placeholder, now that all is learnt; whether there is any."""
        for _, text in self._learnt:
            self._taken.update(PLACEHOLDER.findall(text))
        for field, text in self._learnt:
            for match in self._found(field, text):
                self._placeholder(match.kind, text[match.start : match.end])
        self._learnt.clear()
        return bool(self.values)

    def hide(self, value: Json, name: str = "") -> Json:
        """The value with placeholders; a number that is somebody's becomes a text."""
        if isinstance(value, str):
            return self._hidden(name, value)
        if isinstance(value, dict):
            return {self._hidden("", key): self.hide(part, key) for key, part in value.items()}
        if isinstance(value, list):
            return [self.hide(part, name) for part in value]
        if is_long_number(value):
            hidden = self._hidden(name, str(value))
            return value if hidden == str(value) else hidden
        return value

    def restore(self, value: Json) -> Json:
        """The value with the texts that placeholders stand for; a placeholder that is none of ours stays."""
        if isinstance(value, str):
            return PLACEHOLDER.sub(lambda found: self.values.get(found[0], found[0]), value)
        if isinstance(value, dict):
            return {self.restore(key): self.restore(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self.restore(part) for part in value]
        return value

    def restore_json(self, text: str) -> str:
        """The same in the text of a JSON value."""

        def escaped(found: re.Match[str]) -> str:
            value = self.values.get(found[0])
            return found[0] if value is None else json.dumps(value, ensure_ascii=False)[1:-1]

        return PLACEHOLDER.sub(escaped, text)

    def _hidden(self, name: str, text: str) -> str:
        for match in reversed(
            list(disjoint(sorted([*self._found(name, text), *self._known(text)], key=_order)))
        ):
            placeholder = self._placeholder(match.kind, text[match.start : match.end])
            text = f"{text[: match.start]}{placeholder}{text[match.end :]}"
        return text

    def _found(self, name: str, text: str) -> list[Match]:
        if text and SECRET_NAME.search(name) and not PLACEHOLDER.fullmatch(text):
            return [Match("secret", "secret", 0, len(text))]
        found = find_named(name, text)
        return [match for match in found if self._scope == "all" or match.category == "secret"]

    def _known(self, text: str) -> Iterator[Match]:
        """Where values stand that were found anywhere."""
        for value, placeholder in self._of.items():
            if len(value) >= LEAST_CHARS and value in text and any(map(str.isdigit, value)):
                kind = placeholder[1:-1].rpartition("_")[0]
                for found in re.finditer(rf"(?<![^\W_]){re.escape(value)}(?![^\W_])", text):
                    yield Match("secret", kind, *found.span())

    def _placeholder(self, kind: str, value: str) -> str:
        while value not in self._of:
            self._counts[kind] += 1
            placeholder = f"[{kind}_{self._counts[kind]}]"
            if placeholder not in self._taken:
                self._of[value], self.values[placeholder] = placeholder, value
        return self._of[value]


def _order(match: Match) -> tuple[int, int]:
    return match.start, -match.end


def _texts(value: Json, name: str) -> Iterator[tuple[str, str]]:
    """Every text in a JSON value with the name of its field, names among them."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield "", key
            yield from _texts(part, key)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part, name)
    elif is_long_number(value):
        yield name, str(value)
