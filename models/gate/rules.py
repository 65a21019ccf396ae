"""The classifier `rules`: secrets, personal data, unreadable characters; rules.toml says what follows."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from models.gate.classifier import Finding
from models.sensitive import find
from state.canonical import digest_text
from state.verdict import Action, Place

Category: TypeAlias = Literal["secret", "personal_data", "unreadable"]

RULES = Path(__file__).with_name("rules.toml")
LOADING = "://. +49 30 23125 042, DE00 0000 0000 0000 0000 00, 4000 0000 0000 0000, 000-00-0000"
SUBJECT: dict[Place, str] = {"screen": "The request", "result": "The result", "release": "The answer"}

# Controls other than white space, overrides of the writing direction, and tag characters outside of flags.
UNREADABLE = re.compile(
    "\U0001f3f4[\U000e0061-\U000e007a]{1,6}\U000e007f"
    "|(?P<found>[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\U000e0000-\U000e007f]+)"
)


class PlaceRules(BaseModel):
    """The most that may follow at one place, by category."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret: Action
    personal_data: Action
    unreadable: Action


class RuleFile(BaseModel):
    """The whole of `rules.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    screen: PlaceRules
    result: PlaceRules
    release: PlaceRules


class Rules:
    """Finds by rule, so that every score is 1."""

    categories = frozenset({"secret", "personal_data", "unreadable"})
    window = 256  # an address, or the first line of a private key, is shorter

    def __init__(self, path: Path = RULES) -> None:
        """Read the rules.

        Raises:
            OSError, ValueError: they cannot be read, or break their schema.
        """
        read = path.read_text(encoding="utf-8")
        self._rules = RuleFile.model_validate(tomllib.loads(read))
        self.name = f"rules@{self._rules.version}"
        self.digest = digest_text(read)
        # Detectors are loaded when a text asks for them; that must not count against a request's time.
        find(LOADING)

    def classify(self, text: str, place: Place) -> Sequence[Finding]:
        """One finding for each category that the text holds."""
        actions: PlaceRules = getattr(self._rules, place)
        return [
            _finding(category, found, place, getattr(actions, category))
            for category, found in _found(text).items()
        ]


def _finding(category: str, found: list[tuple[str, int, int]], place: Place, action: Action) -> Finding:
    kinds = ", ".join(sorted({kind.replace("_", " ") for kind, _, _ in found}))
    advice = " Remove it and ask again." if (place, action) == ("screen", "refuse") else ""
    return Finding(
        category=category,
        score=1.0,
        reason=f"{SUBJECT[place]} contains: {kinds}.{advice}",
        spans=tuple((start, end) for _, start, end in found),
        action=action,
    )


def _found(text: str) -> dict[Category, list[tuple[str, int, int]]]:
    """What the text holds, by category; the order says which one counts if several have the same action."""
    matches = find(text)
    found: dict[Category, Iterable[tuple[str, int, int]]] = {
        "secret": (match[1:] for match in matches if match.category == "secret"),
        "unreadable": (("unreadable characters", *m.span()) for m in UNREADABLE.finditer(text) if m["found"]),
        "personal_data": (match[1:] for match in matches if match.category == "personal_data"),
    }
    listed = {category: list(spans) for category, spans in found.items()}
    return {category: spans for category, spans in listed.items() if spans}
