"""Non-interference: what a caller gets is what an index of only the sources that they may read would give."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from models.embeddings.names import Embedder
from state.passage import Passage
from tests.tools.index.conftest import Hashing
from tools.index.ingest import add
from tools.index.search import Index, UnknownSourceError

LABELS = ["hr", "legal"]
WORDS = ["return", "shipping", "order", "invoice", "salary", "notice"]
EVERYTHING = 100

TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)
HELD = st.frozensets(st.sampled_from(LABELS))
FEW = settings(deadline=None, max_examples=8, phases=[Phase.explicit, Phase.generate])
"""Each example makes two indexes on disk; a smaller one is not worth its time."""

Shelf: TypeAlias = list[tuple[str, frozenset[str]]]
SHELVES = st.lists(st.tuples(TEXTS, HELD), min_size=1, max_size=10)
QUERIES = st.lists(st.sampled_from([*WORDS, "unheard"]), max_size=4).map(" ".join)


def shelf(folder: Path, sources: Shelf, held: frozenset[str]) -> Index:
    """An index of the sources that a holder of these labels may read; the others are not in it."""
    lines = [
        json.dumps({"_id": str(number), "text": text, "labels": sorted(labels)})
        for number, (text, labels) in enumerate(sources)
        if labels <= held
    ]
    (folder / "c.jsonl").write_text("\n".join(lines), "utf-8")
    embedder: Embedder = Hashing()
    add(folder / "index", embedder, [folder / "c.jsonl"])
    return Index(folder / "index", embedder)


@dataclass(frozen=True)
class Pair:
    """An index of everything, and one of what a caller may read, under the same names."""

    whole: Index
    own: Index
    held: frozenset[str]

    def search(self, query: str, passages: int, candidates: int) -> tuple[list[Passage], list[Passage]]:
        indexes = (self.whole, self.own)
        found, own = (one.search(query, passages, candidates, self.held) for one in indexes)
        return found, own


@contextmanager
def pair(sources: Shelf, held: frozenset[str]) -> Iterator[Pair]:
    with TemporaryDirectory() as folder:
        # Both read the same file, one after the other, so that their passages have the same ids.
        path = Path(folder)
        own = shelf(path, sources, held)
        (path / "index").rename(path / "own")
        own = Index(path / "own", Hashing())
        yield Pair(shelf(path, sources, frozenset(LABELS)), own, held)


@FEW
@given(SHELVES, HELD, QUERIES)
def test_neither_which_passages_nor_how_many_depends_on_others(
    sources: Shelf, held: frozenset[str], query: str
) -> None:
    with pair(sources, held) as both:
        found, own = both.search(query, EVERYTHING, EVERYTHING)
        assert _texts(found) == _texts(own)
        assert both.whole.is_empty(held) == both.own.is_empty(held) == (not own)
        names = [
            f"{one.source.partition('#')[0]}#{number}" for one in found for number in range(len(sources))
        ]
        for name in set(names):
            assert _opened(both.whole, name, held) == _opened(both.own, name, held)


@FEW
@given(SHELVES, HELD, QUERIES, st.integers(1, 12), st.integers(1, 12))
def test_no_rank_and_no_score_depends_on_others(
    sources: Shelf,
    held: frozenset[str],
    query: str,
    passages: int,
    candidates: int,
) -> None:
    with pair(sources, held) as both:
        found, own = both.search(query, passages, candidates)
        assert _ranked(found) == _ranked(own)


def _texts(passages: list[Passage]) -> set[object]:
    return {(one.id, one.text, one.labels) for one in passages}


def _opened(index: Index, source: str, held: frozenset[str]) -> str:
    try:
        return index.source_text(source, held)
    except UnknownSourceError as error:
        return f"error: {error}"


def _ranked(passages: list[Passage]) -> list[object]:
    """Ids with every score, in single precision."""
    scores = [{**one.scores.model_dump(exclude={"features"}), **one.scores.features} for one in passages]
    near = [{name: value and round(value, 5) for name, value in one.items()} for one in scores]
    return list(zip([one.id for one in passages], near, strict=True))
