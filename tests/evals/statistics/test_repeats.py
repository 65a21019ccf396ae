"""pass^k and pass@k."""

from itertools import combinations
from math import comb

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evals.statistics.repeats import differing, over_cases, pass_at, pass_hat

Trials = st.lists(st.booleans(), min_size=1, max_size=8)


@given(Trials, st.integers(1, 8))
def test_both_are_what_every_choice_of_k_trials_gives(trials: list[bool], k: int) -> None:
    assume(k <= len(trials))
    chosen = list(combinations(trials, k))
    assert pass_hat(sum(trials), len(trials), k) == pytest.approx(sum(map(all, chosen)) / len(chosen))
    assert pass_at(sum(trials), len(trials), k) == pytest.approx(sum(map(any, chosen)) / len(chosen))


@given(st.floats(0, 1), st.integers(1, 8), st.integers(1, 8))
def test_pass_hat_is_unbiased(rate: float, n: int, k: int) -> None:
    assume(k <= n)
    expected = sum(
        comb(n, c) * rate**c * (1 - rate) ** (n - c) * (pass_hat(c, n, k) or 0) for c in range(n + 1)
    )
    assert expected == pytest.approx(rate**k)


def test_too_few_trials_leave_it_undefined_and_out_of_the_mean() -> None:
    assert pass_hat(2, 2, 3) is None and pass_at(0, 0, 1) is None
    assert over_cases([1.0, None, 0.5]) == (0.75, 2, 1)
    assert over_cases([None]) == (None, 0, 1)


@pytest.mark.parametrize(("successes", "trials", "k"), [(3, 2, 1), (-1, 2, 1), (1, 2, 0)])
def test_what_cannot_be_is_refused(successes: int, trials: int, k: int) -> None:
    with pytest.raises(ValueError):
        pass_hat(successes, trials, k)


def test_differing_repeats() -> None:
    found = differing([["a", "a"], ["a", "b", "a"], ["c"]])
    assert found == (1, 2, 2, 4)
    assert found.share == 0.5
    assert differing([["c"]]).share is None
