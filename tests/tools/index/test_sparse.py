import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from rank_bm25 import BM25Okapi

from tools.index.sparse import Okapi

WORDS = st.sampled_from([*"abcdefghij"])


def scores(corpus: list[list[str]], query: list[str]) -> list[float]:
    words = [*"abcdefghij", "unknown"]
    frequencies = np.array([sum(word in text for text in corpus) for word in words])
    lengths = np.array([len(text) for text in corpus])
    okapi = Okapi(len(corpus), int(lengths.sum()), frequencies)
    idf = okapi.idf(frequencies)
    found = np.zeros(len(corpus))
    for term in query:
        counts = np.array([text.count(term) for text in corpus])
        found += okapi.weights(float(idf[words.index(term)]), counts, lengths)
    return [float(one) for one in found]


@given(
    st.lists(st.lists(WORDS, max_size=12), min_size=1, max_size=12).filter(any),
    st.lists(WORDS | st.just("unknown"), max_size=6),
)
def test_scores_equal_those_of_rank_bm25(corpus: list[list[str]], query: list[str]) -> None:
    assert np.allclose(scores(corpus, query), BM25Okapi(corpus).get_scores(query), rtol=0, atol=1e-9)


def test_a_collection_without_a_term_has_no_floor() -> None:
    assert Okapi(2, 0, np.zeros(3, int)).floor == 0
