from dataclasses import replace

import numpy as np
import pytest

from evals.ranking.fitting import crossed, fit
from evals.ranking.judged import FOLDS, Judged
from evals.ranking.measures import hit, ndcg, recall
from tools.index.ranking.weights import NAMES

PASSAGES = 12


def judged(number: int, told_by: int = 0, characters: int = 0) -> Judged:
    """A query whose one relevant document has the highest value of one feature."""
    random = np.random.default_rng(number)
    values = random.uniform(0, 0.8, (PASSAGES, len(NAMES)))
    relevant = int(random.integers(PASSAGES))
    values[relevant, told_by] = 1.0
    gains = np.zeros(PASSAGES)
    gains[relevant] = 1
    return Judged(
        collection="one" if number % 2 else "two",
        name=str(number),
        fold=number % FOLDS,
        values=values,
        around=values,
        seen=values[:, :2],
        baselines={},
        unit=np.arange(PASSAGES),
        gains=gains,
        ideal=np.ones(1),
        spans=np.array([[0, row * 500, row * 500 + 500] for row in range(PASSAGES)]),
        found=tuple((row * 500 + 100, row * 500 + 200) if gains[row] else () for row in range(PASSAGES)),
        characters=characters,
    )


@pytest.mark.parametrize("told_by", [0, 2, 4])
def test_the_feature_that_tells_gets_the_weight(told_by: int) -> None:
    queries = [judged(number, told_by) for number in range(60)]
    weights = fit(queries, 0.1)
    assert np.argmax(weights) == told_by
    assert weights[np.array(NAMES) != "length"].sum() == pytest.approx(1)
    for one in queries:
        assert hit(one, one.mixed(0.1) @ crossed(queries, 0.1)[one.fold]) == 1


def test_a_feature_left_out_has_no_weight_and_the_fit_is_the_same_each_time() -> None:
    queries = [judged(number) for number in range(40)]
    assert fit(queries, 0.0, without=1)[1] == 0
    assert fit(queries, 0.0).tolist() == fit(queries, 0.0).tolist()


def test_ndcg_by_hand() -> None:
    one = judged(0)
    scores = np.linspace(1, 0, PASSAGES)
    row = int(np.argmax(one.gains))
    assert ndcg(one, scores) == pytest.approx(1 / np.log2(row + 2) if row < 10 else 0)
    assert ndcg(one, one.gains) == 1


def test_a_document_scores_as_its_best_passage() -> None:
    one = replace(judged(0), unit=np.arange(PASSAGES) // 2, gains=np.array([0.0, 2, 1, 0, 0, 0]))
    graded = replace(one, ideal=np.array([2.0, 1]))
    scores = np.array([0.5, 0, 0, 0.9, 0.8, 0, 0, 0, 0, 0, 0, 0])
    assert ndcg(graded, scores) == 1
    assert ndcg(graded, -scores) < 1


def test_recall_ends_after_2000_characters() -> None:
    one = judged(3, characters=100)
    row = int(np.argmax(one.gains))
    first = np.zeros(PASSAGES)
    first[row] = 1
    assert recall(one, first) == 1
    assert recall(one, -first) == 0
