"""Redaction: what leaves the machine holds the kind of a secret, not the secret."""

import re
from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import lru_cache

from models.sensitive import find_named
from state.schema import Json

SECRET_NAME = re.compile(
    r"(?i)pass(word|wd|phrase)|secret|api[_-]?key|private[_-]?key|access[_-]?token|authorization"
)
"""What a name holds whose value is a secret, whatever it looks like."""
LEAST_CHARS = 6
BEFORE = r"(?:(?<![^\W_])|(?<=\\[nrt]))"
"""Where a value may begin: not within a word, but behind the end of a line as JSON within JSON writes it."""
LEAST_DIGITS = 8
"""A number in JSON may be one of a person's from here on."""


def redact(text: str) -> str:
    """Replace every sensitive part by its kind, such as `[email]`; redacting twice changes nothing."""
    return _redacted("", text)[0]


@dataclass
class Redactor:
    """Redacts whole records, names included, and counts what it replaced."""

    replaced: int = 0
    known: MutableMapping[str, str] | None = None
    """Value → kind of what was found, which is then replaced also where nothing says what it is."""

    def __call__(self, value: Json, name: str = "") -> Json:
        """The value without secrets and personal data; `name` is that of its field, which says what it is."""
        if isinstance(value, str):
            return self._text(value, name)
        if isinstance(value, list):
            return [self(part, name) for part in value]
        if isinstance(value, dict):
            return self._object(value)
        if is_long_number(value):
            shown = self._text(str(value), name)
            return value if shown == str(value) else shown
        return value

    def _text(self, text: str, name: str = "") -> str:
        redacted, count, found = _remembered(name, text)
        self.replaced += count
        if self.known is None:
            return redacted
        lines = ((line, kind) for value, kind in found for line in value.split("\n"))
        self.known.update((line.strip(), kind) for line, kind in lines if _is_telling(line.strip()))
        return self._without_known(redacted)

    def _without_known(self, text: str) -> str:
        for value, kind in (self.known or {}).items():
            if value in text:
                text, count = re.subn(rf"{BEFORE}{re.escape(value)}(?![^\W_])", f"[{kind}]", text)
                self.replaced += count
        return text

    def _object(self, value: dict[str, Json]) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for name, part in value.items():
            shown, again = self._text(name), 2
            while shown in found:  # two names may look alike now
                shown, again = f"{self._text(name)} {again}", again + 1
            if isinstance(part, str) and part and SECRET_NAME.search(name):
                found[shown], self.replaced = "[secret]", self.replaced + (part != "[secret]")
            else:
                found[shown] = self(part, name)
        return found


def is_long_number(value: Json) -> bool:
    """Whether a number in JSON has as many digits as one of a person or a card."""
    return isinstance(value, int) and not isinstance(value, bool) and len(str(abs(value))) >= LEAST_DIGITS


def _is_telling(value: str) -> bool:
    """Whether a value is told from a word or a small number wherever it stands."""
    return len(value) >= LEAST_CHARS and any(map(str.isdigit, value))


def _redacted(name: str, text: str) -> tuple[str, int, tuple[tuple[str, str], ...]]:
    """The text, how many parts of it were replaced, and the parts with their kinds."""
    count, found = 0, list[tuple[str, str]]()
    # A part may be recognised only once its neighbour is gone; each round takes characters away for good.
    while matches := find_named(name, text):
        count += len(matches)
        for match in reversed(matches):
            found.append((text[match.start : match.end], match.kind))
            text = f"{text[: match.start]}[{match.kind}]{text[match.end :]}"
    return text, count, tuple(found)


_remembered = lru_cache(maxsize=1_024)(_redacted)
"""Prompts come again in every call of a trace."""
