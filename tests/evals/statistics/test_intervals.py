"""Intervals, against SciPy and against what must hold."""

from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evals.statistics.intervals import bootstrap, bootstrap_values, clustered, wilson

Cases = st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=4), min_size=2, max_size=12)


@given(st.integers(0, 60), st.integers(0, 60), st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_is_scipys(successes: int, failures: int, level: float) -> None:
    n = successes + failures
    if n == 0:
        assert wilson(0, 0) == (0, 1)
        return
    expected = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    assert wilson(successes, n, level) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_refuses_more_successes_than_trials() -> None:
    with pytest.raises(ValueError):
        wilson(3, 2)


@given(Cases)
def test_clustered_errors_are_those_of_the_definition(cases: list[list[int]]) -> None:
    found = clustered(cases)
    flat = [(number, value) for number, case in enumerate(cases) for value in case]
    mean = np.mean([value for _, value in flat])
    pairs = [(x - mean) * (y - mean) for one, x in flat for two, y in flat if one == two]
    assert found.mean == pytest.approx(mean)
    assert found.se_uncorrected == pytest.approx(sqrt(max(sum(pairs), 0)) / len(flat), abs=1e-9)
    assert found.se == pytest.approx(found.se_uncorrected * sqrt(len(cases) / (len(cases) - 1)))
    assert len(cases) - 1e-9 <= found.effective_n <= found.trials + 1e-9
    low, high = found.wilson()
    assert 0 <= low <= found.mean + 1e-12 and found.mean - 1e-12 <= high <= 1


def test_one_trial_a_case_is_the_plain_standard_error() -> None:
    values = [0.0, 1.0, 1.0, 0.5]
    found = clustered([[value] for value in values])
    assert found.se == pytest.approx(stats.sem(values))
    assert found.effective_n == 4


def test_repeats_that_never_differ_add_nothing() -> None:
    assert clustered([[1, 1, 1], [0, 0, 0]] * 5).effective_n == pytest.approx(10)
    assert clustered([[1, 1], [1, 1]]).effective_n == 2


def test_a_single_case_says_nothing_about_others() -> None:
    assert clustered([[1, 0]]).interval() == (-inf, inf)
    assert bootstrap([[1, 0]]) == ((0.5, 0.5), 0)
    with pytest.raises(ValueError):
        clustered([[], []])


def test_the_bootstrap_repeats_itself_and_agrees_with_the_formula() -> None:
    cases = np.random.default_rng(3).integers(0, 2, (60, 3)).tolist()
    interval, se = bootstrap(cases, resamples=4_000)
    assert bootstrap(cases, resamples=4_000) == (interval, se)
    assert se == pytest.approx(clustered(cases).se, rel=0.06)
    assert interval.low < clustered(cases).mean < interval.high
    by_case, _ = bootstrap_values([sum(case) / 3 for case in cases], resamples=4_000)
    assert by_case == pytest.approx(interval, abs=0.02)
