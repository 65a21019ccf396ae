"""What is compared: a system that indexes documents and ranks them for a query."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

from evals.retrieval.collection import Collection
from evals.retrieval.metrics import Found
from evals.retrieval.timed import Timed

RANKED = 100
"""Documents that a system is asked for where it takes a number."""


class Text(NamedTuple):
    """A document of a corpus, or a chunk of one: characters `start:end` of its text."""

    document: str
    start: int
    end: int
    content: str
    """What is indexed: the title above the text."""

    @property
    def found(self) -> Found:
        """What is scored of it."""
        return Found(self.document, self.start, self.end)


class Corpus(NamedTuple):
    """What a system may index."""

    collection: Collection
    texts: Sequence[Text]
    embedder: Timed
    folder: Path
    """For what it keeps on disk; empty, and shared by nobody."""


Rank: TypeAlias = Callable[[str], list[Found]]


@dataclass(frozen=True)
class Searching:
    """A system that has indexed a corpus."""

    rank: Rank
    """The best first, as far down as it goes: what is scored."""
    use: Rank | None = None
    """What an application calls: what is timed; None where that says nothing of its own."""


Build: TypeAlias = Callable[[Corpus], Searching]
