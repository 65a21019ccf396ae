"""Paired comparison: the exact tests against enumeration, and what they reduce to."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evals.statistics.paired import compare, differences, mcnemar, sign_flip, t_test

Quarters = st.lists(st.integers(-4, 4).map(lambda quarter: quarter / 4), min_size=1, max_size=8)


@settings(max_examples=40)
@given(Quarters)
def test_the_sign_flip_test_is_what_every_exchange_of_the_versions_gives(found: list[float]) -> None:
    sums = [sum(sign * value for sign, value in zip(signs, found, strict=True)) for signs in _signs(found)]
    expected = sum(each <= sum(found) + 1e-12 for each in sums) / len(sums)
    changed = any(found)
    assert sign_flip(np.array(found)) == pytest.approx(expected if changed else 1.0)


@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 30))
def test_with_one_trial_a_case_it_is_mcnemars_exact_test(lost: int, gained: int, same: int) -> None:
    base = [True] * lost + [False] * gained + [True] * same
    new = [False] * lost + [True] * gained + [True] * same
    found = mcnemar(base, new)
    assert (found.lost, found.gained) == (lost, gained)
    p = sign_flip(np.array(new, float) - np.array(base, float), "two-sided")
    assert p == pytest.approx(found.p)


def test_many_changed_cases_are_sampled_and_agree_with_the_binomial() -> None:
    found = np.array([-1.0] * 40 + [1.0] * 20)
    assert sign_flip(found) == pytest.approx(stats.binomtest(20, 60, alternative="less").pvalue, abs=0.005)
    assert sign_flip(found) == sign_flip(found)


def test_the_t_test_is_scipys() -> None:
    base, new = np.random.default_rng(1).random((2, 30))
    paired = compare([[value] for value in base], [[value] for value in new])
    assert paired.t_p == pytest.approx(stats.ttest_rel(new, base).pvalue)
    low, high = stats.ttest_rel(new, base).confidence_interval(0.95)
    assert paired.interval == pytest.approx((low, high))
    assert paired.bootstrap == pytest.approx((low, high), abs=0.03)


def test_no_spread() -> None:
    assert t_test(np.zeros(5)) == 1
    assert t_test(np.full(5, -1.0)) == 0
    assert compare([[1]], [[0]]).interval == (-np.inf, np.inf)


def test_means_that_differ_by_rounding_are_the_same() -> None:
    assert not differences([[0.1, 0.2, 0.3]], [[0.3, 0.2, 0.1]]).any()


def test_a_version_with_more_trials_is_compared_on_as_many_as_the_other_has() -> None:
    found = compare([[1, 0, 0, 0], [1, 1]], [[1], [1, 0]])
    assert (found.base, found.new, found.by_case) == (1, 0.75, (0, -0.5))


def test_unequal_trials_of_the_same_agent_raise_no_false_alarms() -> None:
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(200):
        rates = rng.beta(9, 1, (12, 1))
        one, eight = (rng.random((12, 1)) < rates).astype(float), (rng.random((12, 8)) < rates).astype(float)
        alarms += sign_flip(differences(one.tolist(), eight.tolist())) <= 0.05
    assert (
        alarms <= 14
    )  # of Binomial(200, 0.05): exceeded in one of 14 at most; without balance 25 are expected


@pytest.mark.parametrize(("base", "new"), [([[1]], []), ([[]], [[1]]), ([[1]], [[]])])
def test_what_has_no_pair_is_refused(base: list[list[int]], new: list[list[int]]) -> None:
    with pytest.raises(ValueError):
        compare(base, new)


def _signs(found: list[float]) -> "product[tuple[int, ...]]":
    return product((-1, 1), repeat=len(found))
