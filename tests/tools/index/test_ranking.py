from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tools.index.candidates import Candidates, Query, Ranked
from tools.index.ranking import rank
from tools.index.ranking.features import features
from tools.index.ranking.fusion import reciprocal
from tools.index.ranking.kindred import beside
from tools.index.ranking.weights import NAMES, shipped

DIMENSIONS = 4
IDF = np.array([0.0, 2.0, 1.0, 0.5, 3.0, -0.2])


def idf(numbers: NDArray[np.int32]) -> NDArray[np.float64]:
    return IDF[numbers]


def query(terms: list[int], vector: list[float] | None = None) -> Query:
    found = np.array(terms, np.int32)
    return Query(
        "words",
        unit(np.array([vector or [1, 0, 0, 0]], float))[0],
        found,
        idf(found) if terms else np.zeros(0),
    )


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    sizes = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, sizes, out=np.zeros_like(vectors), where=sizes > 0).astype(np.float32)


def candidates(
    terms: list[list[int]], vectors: list[list[float]], sparse: list[float], sources: list[int] | None = None
) -> Candidates:
    n = len(terms)
    made = unit(np.array(vectors, float).reshape(n, DIMENSIONS))
    of = np.array(sources if sources is not None else range(n), np.int64)
    dense = made[:, 0].copy()
    return Candidates(
        ids=np.arange(10, 10 + n, dtype=np.int64),
        sources=of,
        positions=np.array([int((of[:row] == of[row]).sum()) for row in range(n)], np.int32),
        sparse=np.array(sparse, float),
        dense=dense,
        sparse_rank=ranks(np.array(sparse, float)),
        dense_rank=ranks(dense),
        vectors=made,
        terms=[np.array(one, np.int32) for one in terms],
        title_terms=np.zeros(n, np.int32),
        mean_length=3.0,
        idf=idf,
    )


def ranks(scores: NDArray[np.floating]) -> NDArray[np.int32]:
    found = np.zeros(len(scores), np.int32)
    found[np.argsort(-scores, kind="stable")] = np.arange(1, len(scores) + 1)
    return found


def taken(of: Candidates, rows: NDArray[np.int64]) -> Candidates:
    """The candidates in another order, or some of them."""
    arrays = {
        name: getattr(of, name)[rows]
        for name in (
            *("ids", "sources", "positions", "sparse", "dense", "sparse_rank", "dense_rank", "vectors"),
            "title_terms",
        )
    }
    return replace(of, **arrays, terms=[of.terms[row] for row in rows])


def by_id(of: Candidates, ranked: list[Ranked]) -> dict[int, Ranked]:
    return {int(of.ids[one.row]): one for one in ranked}


@st.composite
def found(draw: st.DrawFn, least: int = 1) -> tuple[Query, Candidates]:
    n = draw(st.integers(least, 30))
    numbers = st.integers(1, len(IDF) - 1)
    asked = query(draw(st.lists(st.integers(0, len(IDF) - 1), max_size=5)))
    coordinates = st.lists(st.floats(-1, 1, width=16), min_size=DIMENSIONS, max_size=DIMENSIONS)
    return asked, candidates(
        draw(st.lists(st.lists(numbers, max_size=12), min_size=n, max_size=n)),
        draw(st.lists(coordinates, min_size=n, max_size=n)),
        draw(st.lists(st.floats(-5, 1e6), min_size=n, max_size=n)),
        sorted(draw(st.lists(st.integers(0, 5), min_size=n, max_size=n))),
    )


@given(found())
@settings(deadline=None)
def test_every_candidate_comes_once_with_finite_scores(case: tuple[Query, Candidates]) -> None:
    asked, proposed = case
    ranked = rank(asked, proposed, shipped())
    assert sorted(one.row for one in ranked) == list(range(len(proposed.ids)))
    for one in ranked:
        assert np.isfinite([one.fused, one.score, *one.features.values()]).all()
        assert 0 <= one.relevance <= 1
    keys = [(-one.score, proposed.ids[one.row]) for one in ranked]
    assert keys == sorted(keys)


@given(found(least=2), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_the_rows_changes_no_score(case: tuple[Query, Candidates], random: object) -> None:
    asked, proposed = case
    rows = np.arange(len(proposed.ids))
    random.shuffle(rows)  # type: ignore[attr-defined]
    # Cosines that differ by rounding alone may pick other neighbours: they are taken from a coarse grid.
    coarse = replace(proposed, vectors=np.sign(proposed.vectors))
    shuffled = taken(coarse, rows)
    before = by_id(coarse, rank(asked, coarse, shipped()))
    after = by_id(shuffled, rank(asked, shuffled, shipped()))
    for number, one in before.items():
        assert after[number].score == pytest.approx(one.score, abs=1e-5)
        assert after[number].fused == one.fused


def test_of_equal_candidates_the_lower_id_comes_first() -> None:
    same = candidates([[1, 2]] * 4, [[1, 1, 0, 0]] * 4, [2.0] * 4)
    assert [one.row for one in rank(query([1]), same, shipped())] == [0, 1, 2, 3]


def test_nothing_is_ranked_where_nothing_was_found() -> None:
    assert rank(query([1]), candidates([], [], []), shipped()) == []


@pytest.mark.parametrize("terms", [[], [0, 0], [5]])
def test_a_query_without_known_terms_is_ranked_by_its_vector(terms: list[int]) -> None:
    proposed = candidates([[1], [2], [3]], [[0, 1, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0]], [0.0, 0.0, 0.0])
    assert rank(query(terms), proposed, shipped())[0].row == 1


def test_candidates_without_terms_and_with_countless_ones_are_ranked() -> None:
    proposed = candidates([[], [1] * 100_000, [1, 2]], [[1, 0, 0, 0]] * 3, [0.0, 3.0, 3.0])
    ranked = rank(query([1, 1, 1, 2]), proposed, shipped())
    assert {one.row for one in ranked} == {0, 1, 2}
    assert by_id(proposed, ranked)[12].features["coverage"] == pytest.approx(1)


def test_coverage_counts_each_term_of_the_query_once_and_by_its_rarity() -> None:
    proposed = candidates([[1, 1, 3], [2], [4, 0]], [[1, 0, 0, 0]] * 3, [1.0, 1.0, 0.0])
    assert features(query([1, 2, 1]), proposed).coverage.tolist() == pytest.approx([2 / 3, 1 / 3, 0])


def test_a_passage_that_is_far_from_all_changes_no_order_of_the_others() -> None:
    near = candidates(
        [[1, 2], [1], [2, 3], [1, 3]],
        [[1, 0.1, 0, 0], [1, 0.3, 0, 0], [1, 0, 0.9, 0], [0.1, 0.9, 0, 0]],
        [3.0, 2.0, 2.5, 1.0],
    )
    more = candidates(
        [*map(list, near.terms), [4] * 3],
        [*near.vectors.tolist(), [0.0995, 0, 0, 0.995]],
        [3.0, 2.0, 2.5, 1.0, 0.0],
    )
    without = rank(query([1, 2]), near, shipped())
    with_it = [one for one in rank(query([1, 2]), more, shipped()) if one.row != 4]
    assert [one.row for one in with_it] == [one.row for one in without]


def test_the_passages_beside_are_those_of_the_same_source() -> None:
    proposed = candidates([[1]] * 5, [[1, 0, 0, 0]] * 5, [1.0] * 5, [0, 0, 0, 1, 1])
    assert beside(proposed, np.array([1.0, 2.0, 4.0, 8.0, 16.0])).tolist() == [2, 2.5, 2, 16, 8]
    apart = replace(proposed, positions=np.array([0, 2, 4, 0, 1], np.int32))
    assert beside(apart, np.array([1.0, 2.0, 4.0, 8.0, 16.0])).tolist() == [1, 2, 4, 16, 8]


def test_fusion_is_the_sum_of_reciprocal_ranks_and_ignores_what_a_leg_did_not_propose() -> None:
    legs = [np.array([1, 0, 2], np.int32), np.array([2, 0, 0], np.int32)]
    assert reciprocal(legs).tolist() == pytest.approx([1 / 61 + 1 / 62, 0, 1 / 62])


def test_a_ranked_passage_says_what_its_score_is_made_of() -> None:
    weights = shipped()
    proposed = candidates([[1, 2], [1]], [[1, 0, 0, 0], [1, 1, 0, 0]], [2.0, 1.0])
    for one in rank(query([1, 2]), proposed, weights):
        assert set(one.features) == {*NAMES, "beside"}
        alone = sum(getattr(weights.features, name) * one.features[name] for name in NAMES)
        share = weights.beside
        assert one.score == pytest.approx((1 - share) * alone + share * one.features["beside"])


def test_where_all_are_of_one_source_a_passage_is_covered_by_those_beside_it_too() -> None:
    terms, vectors = [[1], [2], [4], [4]], [[1, 0, 0, 0]] * 4
    one = features(query([1, 2]), candidates(terms, vectors, [1.0] * 4, [0] * 4))
    assert one.window.tolist() == pytest.approx([1, 1, 1 / 3, 0])
    assert one.coverage.tolist() == pytest.approx([2 / 3, 1 / 3, 0, 0])
    assert not one.graph.any()
    apart = features(query([1, 2]), candidates(terms, vectors, [1.0] * 4))
    assert not apart.window.any()
    assert apart.graph.any()


@given(found(least=2), st.permutations(range(1, len(IDF))))
@settings(deadline=None)
def test_the_numbers_of_the_terms_change_no_feature(case: tuple[Query, Candidates], order: list[int]) -> None:
    asked, proposed = case
    number = np.array([0, *order], np.int32)
    weights = np.empty(len(IDF))
    weights[number] = IDF
    renumbered = replace(
        proposed, terms=[number[one] for one in proposed.terms], idf=lambda numbers: weights[numbers]
    )
    before, after = features(asked, proposed), features(replace(asked, terms=number[asked.terms]), renumbered)
    for one, other in zip(before, after, strict=True):
        assert other.tolist() == pytest.approx(one.tolist())
