import numpy as np
import pytest

from evals.ranking.relevance import Seen, calibrate, cost, crossed, reliability


def made(number: int, elsewhere: bool = False) -> Seen:
    """Passages of which those with a high cosine are mostly relevant; elsewhere none has one."""
    random = np.random.default_rng([number, elsewhere])
    cosine = random.uniform(0.0, 0.3, 10) if elsewhere else random.uniform(0.2, 0.9, 10)
    signals = np.column_stack([-np.arange(10) / 10, cosine, cosine])
    return Seen("one", number % 5, elsewhere, signals, ~np.array(elsewhere) & (random.random(10) < cosine**2))


QUERIES = [made(number, elsewhere) for number in range(200) for elsewhere in (False, True)]


def test_probabilities_hold_on_queries_that_were_not_fitted_on() -> None:
    likely = crossed(QUERIES, 5)
    found = reliability(np.concatenate(likely), np.concatenate([one.relevant for one in QUERIES]))
    # Off-topic queries weigh less in the fit than in this sample.
    assert found.error < 0.08
    assert found.brier < found.constant


def test_signals_that_tell_get_positive_weights() -> None:
    found = calibrate(QUERIES)
    assert found.similarity + found.coverage > 0


def test_a_threshold_of_0_turns_nobody_away_and_one_above_1_everybody() -> None:
    likely = crossed(QUERIES, 5)
    nothing, everything = cost(QUERIES, likely, 0.0), cost(QUERIES, likely, 1.1)
    assert (nothing.turned_away, nothing.passed) == (0, nothing.elsewhere)
    assert (everything.turned_away, everything.passed) == (everything.answerable, 0)
    assert nothing.elsewhere == 200


def test_reliability_by_hand() -> None:
    found = reliability(np.array([0.05, 0.05, 0.95, 0.95]), np.array([False, True, True, True]))
    assert found.brier == pytest.approx((0.05**2 + 3 * 0 + 0.95**2 + 2 * 0.05**2) / 4)
    assert found.constant == pytest.approx(0.75 * 0.25)
    assert found.error == pytest.approx((0.45 * 2 + 0.05 * 2) / 4)
    assert [count for _, _, count in found.bins] == [2, 2]
