"""The benchmark of the sparse side: the same text each time, and each engine answers."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.retrieval.systems import missing
from benchmarks.sparse.__main__ import apart, table
from benchmarks.sparse.corpus import Generated
from benchmarks.sparse.engines import ENGINES


def test_the_text_is_the_same_each_time() -> None:
    first, again = Generated(20, 3), Generated(20, 3)
    assert [one.tolist() for one in first.passages] == [one.tolist() for one in again.passages]
    assert [one.tolist() for one in first.queries] == [one.tolist() for one in again.queries]
    assert first.spelled(np.array([0, 7], np.int32)) == ["w0", "w7"]


@pytest.mark.parametrize("name", [name for name in ENGINES if not missing(name)])
def test_each_engine_finds_the_passage_of_the_query(tmp_path: Path, name: str) -> None:
    corpus = Generated(50, 0)
    engine = ENGINES[name](corpus, tmp_path)
    assert engine.top(corpus.spelled(corpus.passages[7]))[0] == 7


def test_ours_gives_the_scores_of_the_definition() -> None:
    found = apart("warrant", 200, 200)
    assert found["largest_difference"] < 1e-9
    assert found["same_of_first_ten"] == 1
    assert len(table([found, json.loads(json.dumps(found))])) == 3
