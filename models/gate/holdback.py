"""Hold-back: lets a text stream through while no character of what must not leave gets out.

The end of what has come is held until nothing that begins in it can still turn out to be blocked. Where that
is depends on what has come and on nothing else, so that a text leaves the same however it was cut.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from models.gate.classifier import Finding

Find: TypeAlias = Callable[[str], Sequence[Finding]]
"""What must not leave of a text. It sees what is to leave and what is around it, not all that has come."""

WINDOW = 256
"""Characters by the end of which a finding that has begun has shown itself, unless it is all one token."""
STEP = 128
"""Characters after which the text is looked at again."""
LONGEST = 4_096
"""Characters of a token; in a longer one a key could hide that shows itself only at its end."""

# Between these a token runs on. Whatever is not ASCII ends one: Chinese has no spaces to wait for.
BREAK = re.compile(r"[^!-~]|[\"'<>(){}\[\],;\\|`]")


class Holdback:
    """One text that leaves: it is told what comes, and says what may go.

    There is one search for every `step` characters, in what is held and a window before it, so that the
    whole takes linear time.
    """

    def __init__(self, find: Find, window: int = WINDOW, step: int = STEP, longest: int = LONGEST) -> None:
        """Take who looks, and how much of the text it must have seen.

        Raises:
            ValueError: a bound is not positive.
        """
        if min(window, step, longest) < 1:
            raise ValueError("window, step and longest must be at least 1.")
        self._find, self._window, self._step, self._longest = find, window, step, longest
        self._waiting: list[str] = []
        self._text = ""
        # Places of the whole text: where what is kept begins, how much has come, and how much has left.
        self._base = self._come = self._left = 0
        self._looked = window
        """How much was looked at; before a window is full nothing can leave."""
        self._searched = self._cut = 0
        """Breaks were looked for up to here, and the last one ends there."""
        self._shown = [0]
        """Ends of what left, the first a window before the last: from there on `find` sees the text."""
        self.blocked: Finding | None = None
        """Why nothing leaves any more; its spans are places of the whole text."""

    def due(self, chars: int) -> bool:
        """Whether so many characters more would make it look."""
        return self.blocked is None and self._come + chars - self._looked >= self._step

    def feed(self, chunk: str) -> str:
        """What may leave now."""
        if self.blocked:
            return ""
        looks = self.due(len(chunk))
        self._waiting.append(chunk)
        self._come += len(chunk)
        return self._looks() if looks else ""

    def finish(self) -> str:
        """What is left of the text, or of it what stands before what is blocked."""
        if self.blocked:
            return ""
        self._gather()
        return self._look(self._come, self._come)

    def _looks(self) -> str:
        self._gather()
        leaving = []
        while self._come - self._looked >= self._step and not self.blocked:
            self._looked += self._step
            until = self._looked - self._window
            safe = self._break(until)
            if until - safe > self._longest:
                leaving.append(self._stop(_too_long(safe, until)))
            elif safe > self._left:
                leaving.append(self._look(self._looked, safe))
        return "".join(leaving)

    def _gather(self) -> None:
        """Forget what nobody will see again, and append what came."""
        self._text = "".join([self._text[self._shown[0] - self._base :], *self._waiting])
        self._base = self._shown[0]
        self._waiting.clear()

    def _break(self, until: int) -> int:
        """Where the token begins that reaches a place."""
        for match in BREAK.finditer(self._text, self._searched - self._base, max(0, until - self._base)):
            self._cut = self._base + match.end()
        self._searched = max(self._searched, until)
        return self._cut

    def _look(self, seen: int, safe: int) -> str:
        """Release up to a place, unless something that begins before it is blocked."""
        start = self._shown[0]
        found = [_placed(one, start) for one in self._find(self._slice(start, seen))]
        first = min(found, key=_first, default=None)
        if first is not None and _first(first) < safe:
            return self._stop(first)
        leaving, self._left = self._slice(self._left, safe), safe
        self._shown.append(safe)
        while len(self._shown) > 1 and self._shown[1] <= safe - self._window:
            del self._shown[0]
        return leaving

    def _stop(self, finding: Finding) -> str:
        self.blocked = finding
        return self._slice(self._left, max(self._left, _first(finding)))

    def _slice(self, start: int, end: int) -> str:
        return self._text[start - self._base : end - self._base]


def _placed(finding: Finding, start: int) -> Finding:
    """The finding in places of the whole text; one without a place is everywhere."""
    spans = finding.spans or ((0, 0),)
    return replace(finding, spans=tuple((first + start, last + start) for first, last in spans))


def _first(finding: Finding) -> int:
    return min(first for first, _ in finding.spans)


def _too_long(start: int, end: int) -> Finding:
    reason = f"It contains a token of more than {end - start - 1} characters."
    return Finding("unreadable", 1.0, reason, ((start, end),))
