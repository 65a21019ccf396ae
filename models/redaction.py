"""Redaction: what leaves the machine holds the kind of a secret, not the secret."""

import re
from dataclasses import dataclass
from functools import lru_cache

from models.sensitive import find
from state.schema import Json

SECRET_NAME = re.compile(
    r"(?i)pass(word|wd|phrase)|secret|api[_-]?key|private[_-]?key|access[_-]?token|authorization"
)
"""What a name holds whose value is a secret, whatever it looks like."""


def redact(text: str) -> str:
    """Replace every sensitive part by its kind, such as `[email]`; redacting twice changes nothing."""
    return _redacted(text)[0]


def redact_json(value: Json) -> Json:
    """Redact every string in a JSON value; keys stay as they are."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: redact_json(part) for key, part in value.items()}
    if isinstance(value, list):
        return [redact_json(part) for part in value]
    return value


@dataclass
class Redactor:
    """Redacts whole records, names included, and counts what it replaced."""

    replaced: int = 0

    def __call__(self, value: Json) -> Json:
        """The value without secrets and personal data."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self(part) for part in value]
        return self._object(value) if isinstance(value, dict) else value

    def _text(self, text: str) -> str:
        redacted, count = _remembered(text)
        self.replaced += count
        return redacted

    def _object(self, value: dict[str, Json]) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for name, part in value.items():
            shown, again = self._text(name), 2
            while shown in found:  # two names may look alike now
                shown, again = f"{self._text(name)} {again}", again + 1
            if isinstance(part, str) and part and SECRET_NAME.search(name):
                found[shown], self.replaced = "[secret]", self.replaced + (part != "[secret]")
            else:
                found[shown] = self(part)
        return found


def _redacted(text: str) -> tuple[str, int]:
    """The text, and how many parts of it were replaced."""
    count = 0
    # A part may be recognised only once its neighbour is gone; each round takes characters away for good.
    while matches := find(text):
        count += len(matches)
        for match in reversed(matches):
            text = f"{text[: match.start]}[{match.kind}]{text[match.end :]}"
    return text, count


_remembered = lru_cache(maxsize=1_024)(_redacted)
"""Prompts come again in every call of a trace."""
