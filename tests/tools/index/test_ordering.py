import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.chat import ModelError
from models.embeddings.names import Embedder
from state.passage import Passage
from state.policy import RetrievalPolicy
from tools.index.ingest import add
from tools.index.ordering import Ordering, ordering
from tools.index.search import Index


class Shortest:
    """A reranker that likes short texts, and remembers what it saw."""

    name = "shortest"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def score(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        self.seen = list(texts)
        return np.array([-len(text) for text in texts], np.float32)


class Broken(Shortest):
    def score(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        raise ModelError("The reranker is down.", "Start it.")


@pytest.fixture
def shelf(folder: Path, documents: Path, embedder: Embedder) -> Path:
    lines = [
        {"_id": str(n), "text": "shipping " + "word " * n, "labels": ["hr"] if n % 2 else []}
        for n in range(20)
    ]
    path = documents / "c.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    add(folder, embedder, [path])
    return folder


def search(shelf: Path, embedder: Embedder, order: Ordering, count: int = 5) -> list[Passage]:
    return Index(shelf, embedder, order).search("shipping word", count, 50, frozenset())


def test_every_passage_carries_all_its_scores(shelf: Path, embedder: Embedder) -> None:
    found = search(shelf, embedder, Ordering())
    scores = [one.scores for one in found]
    assert [one.score for one in scores] == sorted((one.score for one in scores), reverse=True)
    for one in scores:
        assert one.dense is not None
        assert one.sparse is not None
        assert one.relevance is not None
        assert one.fused > 0
        assert {"dense", "sparse", "coverage"} <= one.features.keys()


def test_the_baseline_goes_by_ranks_alone(shelf: Path, embedder: Embedder) -> None:
    found = search(shelf, embedder, ordering(RetrievalPolicy(reranker="rrf"), None, 1))
    for one in found:
        ranks = one.scores.dense_rank, one.scores.sparse_rank
        assert one.scores.score == pytest.approx(sum(1 / (60 + rank) for rank in ranks if rank))
    scores = [one.scores.score for one in found]
    assert scores == sorted(scores, reverse=True)


def test_a_reranker_orders_the_best_and_sees_nothing_that_the_caller_may_not_read(
    shelf: Path, embedder: Embedder
) -> None:
    reranker, plain = Shortest(), search(shelf, embedder, Ordering(), 10)
    found = search(shelf, embedder, Ordering(reranker, depth=4), 10)
    assert [one.id for one in found[4:]] == [one.id for one in plain[4:]]
    assert [len(one.text) for one in found[:4]] == sorted(len(one.text) for one in plain[:4])
    assert len(reranker.seen) == 4
    assert not any(one.labels for one in found)


def test_a_reranker_that_fails_is_no_silent_loss_of_quality(shelf: Path, embedder: Embedder) -> None:
    with pytest.raises(ModelError, match="down"):
        search(shelf, embedder, Ordering(Broken()))


def test_what_is_hardly_relevant_is_left_out(shelf: Path, embedder: Embedder) -> None:
    every = search(shelf, embedder, Ordering(), 10)
    middle = sorted(one.scores.relevance or 0 for one in every)[5]
    found = search(shelf, embedder, Ordering(least_relevance=middle), 10)
    assert [one.id for one in found] == [one.id for one in every if (one.scores.relevance or 0) >= middle]


def test_passages_are_widened_to_exact_spans_where_policy_says_so(
    folder: Path, documents: Path, embedder: Embedder
) -> None:
    (documents / "a.md").write_text(
        "# Shop\n\n" + "\n\n".join(f"{'word ' * 140}{n}." for n in range(6)), "utf-8"
    )
    add(folder, embedder, [documents])
    plain = Index(folder, embedder).search("word 3", 1, 50, frozenset())[0]
    order = ordering(RetrievalPolicy(context="neighbours", context_chars=5_000), None, 1)
    index = Index(folder, embedder, order)
    wide = index.search("word 3", 1, 50, frozenset())[0]
    assert wide.start < plain.start or wide.end > plain.end
    assert index.source_text(wide.source, frozenset())[wide.start : wide.end] == wide.text
    assert plain.text in wide.text
