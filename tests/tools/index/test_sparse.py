import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rank_bm25 import BM25Okapi

from tools.index.fusion import fuse
from tools.index.sparse import Okapi, postings

WORDS = st.sampled_from([*"abcdefghij"])


def okapi(corpus: list[list[str]]) -> Okapi:
    terms = {term: place for place, term in enumerate(sorted({term for text in corpus for term in text}))}
    ids = [np.array([terms[term] for term in dict.fromkeys(text)], np.int32) for text in corpus]
    counts = [np.array([text.count(term) for term in dict.fromkeys(text)], np.int32) for text in corpus]
    return Okapi(postings(terms, ids, counts))


@given(
    st.lists(st.lists(WORDS, max_size=12), min_size=1, max_size=12).filter(any),
    st.lists(WORDS | st.just("unknown"), max_size=6),
)
def test_scores_equal_those_of_rank_bm25(corpus: list[list[str]], query: list[str]) -> None:
    ours, theirs = okapi(corpus), BM25Okapi(corpus)
    assert np.allclose(ours.get_scores(query), theirs.get_scores(query), rtol=0, atol=1e-9)
    assert ours.matches(query).tolist() == [bool(set(text) & set(query)) for text in corpus]


def test_fusion_equals_values_computed_by_hand() -> None:
    fused = fuse(["a", "b", "c"], ["b", "d"])
    assert list(fused) == ["b", "a", "d", "c"]
    assert fused["b"] == pytest.approx(1 / 62 + 1 / 61)
    assert fused["a"] == pytest.approx(1 / 61)
    assert fused["d"] == pytest.approx(1 / 62)
    assert fused["c"] == pytest.approx(1 / 63)
