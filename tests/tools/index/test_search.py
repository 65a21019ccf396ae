import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.embeddings.names import Embedder
from tools.index.backend import Backend
from tools.index.ingest import add
from tools.index.search import Index, UnknownSourceError

LABELS = ["hr", "legal", "staff"]
ROOT = Path(__file__).parents[3]


@pytest.fixture
def shelf(where: Backend, documents: Path, embedder: Embedder) -> Backend:
    """An index with a source for every combination of labels, three times over."""
    lines = []
    for number in range(24):
        labels = [label for place, label in enumerate(LABELS) if number >> place & 1]
        fields = {
            "_id": str(number),
            "title": "Shop",
            "text": f"Return shipping number {number}.",
            "labels": labels,
        }
        lines.append(json.dumps(fields))
    path = documents / "c.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    add(where, embedder, [path])
    return where


@pytest.fixture
def index(shelf: Backend, embedder: Embedder) -> Index:
    return Index(shelf, embedder)


def test_a_passage_is_an_exact_span_and_carries_all_its_scores(index: Index) -> None:
    best_one, *others = index.search("shipping number 8", 5, 20, frozenset())
    assert best_one.text == "Return shipping number 8."
    assert index.source_text(best_one.source, frozenset())[best_one.start : best_one.end] == best_one.text
    assert best_one.title == ("Shop",)
    assert (best_one.scores.dense_rank, best_one.scores.sparse_rank) == (1, 1)
    assert best_one.scores.fused == pytest.approx(2 / 61)
    assert best_one.scores.dense is not None
    scores = [one.scores.score for one in [best_one, *others]]
    assert scores == sorted(scores, reverse=True)
    assert best_one.scores.relevance is not None
    assert best_one.scores.features


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(st.frozensets(st.sampled_from([*LABELS, "other"])), st.integers(1, 30), st.integers(1, 30))
def test_no_label_leaks_and_none_takes_a_place(
    index: Index, held: frozenset[str], passages: int, candidates: int
) -> None:
    found = index.search("return shipping", passages, candidates, held)
    assert all(set(one.labels) <= held for one in found)
    readable = 3 * 2 ** len(held & set(LABELS))
    # Ranks without a gap: what may not be read took part in neither ranking.
    assert len(found) >= min(passages, candidates, readable)
    for one in found:
        assert max(one.scores.dense_rank or 1, one.scores.sparse_rank or 1) <= min(candidates, readable)


def test_a_source_that_may_not_be_read_looks_like_one_that_is_not_there(index: Index) -> None:
    (hidden,) = index.search("number 1", 1, 50, frozenset({"hr"}))
    assert index.source_text(hidden.source, frozenset({"hr"}))
    with pytest.raises(UnknownSourceError) as secret:
        index.source_text(hidden.source, frozenset())
    with pytest.raises(UnknownSourceError) as absent:
        index.source_text("c.jsonl#none", frozenset())
    assert str(secret.value).replace(hidden.source, "c.jsonl#none") == str(absent.value)


def test_nothing_is_found_where_there_is_nothing(where: Backend, documents: Path, embedder: Embedder) -> None:
    index = Index(where, embedder)
    assert index.search("anything", 5, 5, frozenset()) == []
    assert index.is_empty()
    (documents / "empty.md").write_text("", "utf-8")
    add(where, embedder, [documents])
    assert index.search("anything", 5, 5, frozenset()) == []
    assert index.is_empty()


@pytest.mark.parametrize("query", ["", "the of and", "\ud800", "?" * 2000, "unheard-of"])
def test_any_query_is_answered(shelf: Backend, embedder: Embedder, query: str) -> None:
    assert len(Index(shelf, embedder).search(query, 5, 5, frozenset())) in range(3, 6)


def test_a_match_in_a_tiny_collection_counts_although_its_score_is_not_positive(
    where: Backend, documents: Path, embedder: Embedder
) -> None:
    (documents / "a.md").write_text("Return shipping.", "utf-8")
    add(where, embedder, [documents])
    (only,) = Index(where, embedder).search("shipping", 5, 5, frozenset())
    assert only.scores.sparse_rank == 1


WRITER = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[2]]
from conftest import Hashing
from tools.index.backend import Backend
from tools.index.ingest import add

folder, path = Path(sys.argv[3]), Path(sys.argv[4])
for version in range(8):
    lines = (f'{{"_id": "{n}", "text": "Return {n} in version {version}."}}\\n' for n in range(20))
    path.write_text("".join(lines))
    add(folder, Hashing(), [path])
"""


def test_readers_see_whole_versions_while_another_process_writes(
    folder: Path, documents: Path, embedder: Embedder
) -> None:
    index = Index(folder, embedder)
    arguments = [str(ROOT), str(Path(__file__).parent), str(folder), str(documents / "c.jsonl")]
    writer = subprocess.Popen([sys.executable, "-c", WRITER, *arguments])
    seen: set[str] = set()

    def look() -> None:
        while writer.poll() is None:
            versions = [
                one.text.rsplit(" ", 1)[1] for one in index.search("return version", 50, 50, frozenset())
            ]
            assert len(set(versions)) <= 1
            assert len(versions) in (0, 20)
            seen.update(versions)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(look) for _ in range(2)]:
            done.result(timeout=60)
    assert writer.returncode == 0
    assert (
        "7."
        in {one.text.rsplit(" ", 1)[1] for one in index.search("return version", 5, 5, frozenset())} | seen
    )
