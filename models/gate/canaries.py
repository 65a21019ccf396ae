"""Canaries: strings that nobody has a reason to say, so that where one appears something has leaked."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from models.gate.classifier import Finding
from models.gate.views.reading import views
from models.gate.views.view import View
from state.canonical import digest, digest_text
from state.verdict import Place

HEX = 16
NOT_SAID = re.compile(r"[\W_]+")


def canary(instructions: str) -> str:
    """The canary of a prompt: the same on every machine and in every run, so that a recorded run replays."""
    return digest_text(f"canary of\n{instructions}").removeprefix("sha256:")[:HEX]


def marked(instructions: str) -> str:
    """The prompt as a model is given it: below a heading that is its canary."""
    return f"# {canary(instructions)}\n\n{instructions}"


def squeezed(text: str) -> str:
    """Letters and digits alone, as they are compared."""
    return NOT_SAID.sub("", text.casefold())


class Markers:
    """Looks for markers in whatever way they are written."""

    def __init__(self, markers: Iterable[str]) -> None:
        self._markers = sorted({squeezed(marker) for marker in markers})

    def spans(self, readings: Sequence[View]) -> list[tuple[int, int]]:
        """Where markers stand in the original text."""
        return sorted({view.span(*place) for view in readings for place in self._places(view.text)})

    def _places(self, text: str) -> Iterator[tuple[int, int]]:
        tight = squeezed(text) if self._markers else ""
        for marker in (one for one in self._markers if one in tight):
            told = [place for place, letter in enumerate(text) for _ in squeezed(letter)]
            for match in re.finditer(re.escape(marker), tight):
                yield told[match.start()], told[match.end() - 1] + 1


class ForeignData:
    """Finds what is marked as that of others: labels of documents → markers that stand in them."""

    name = "canaries"
    categories = frozenset({"foreign_data"})
    window = 256

    def __init__(self, canaries: Mapping[str, Sequence[str]], held: frozenset[str]) -> None:
        """Take the canaries, and the labels of who is to be told."""
        self._markers = Markers(one for label in canaries.keys() - held for one in canaries[label])
        self.digest = digest({label: list(markers) for label, markers in canaries.items()})

    def classify(self, text: str, place: Place) -> Sequence[Finding]:  # noqa: ARG002  the same everywhere
        """One finding if the text holds a marker of a label that the caller does not hold."""
        spans = self._markers.spans(views(text))
        reason = "It holds text of documents that you may not read."
        return [Finding("foreign_data", 1.0, reason, tuple(spans))] if spans else []
