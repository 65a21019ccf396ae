"""Power and the number of cases."""

from math import inf, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.statistics.multiple import benjamini_hochberg, holm
from evals.statistics.power import Plan, cases_needed, curve, detectable, planned_se, power, within_variance

P = st.lists(st.floats(0, 1), min_size=1, max_size=8)


@given(st.floats(0.01, 2), st.sampled_from([1, 2]), st.floats(0.5, 0.99))
def test_what_is_detectable_is_found_with_the_power_asked_for(se: float, sides: int, wanted: float) -> None:
    plan = Plan(power=wanted, sides=sides)
    assert power(detectable(se, plan), se, plan) == pytest.approx(wanted)


@given(st.floats(0.05, 1), st.floats(0.01, 1))
def test_as_many_cases_as_are_needed_detect_the_change(sd: float, change: float) -> None:
    needed = cases_needed(sd, change) or 0
    assert detectable(sd / sqrt(needed)) <= change * (1 + 1e-9)
    assert needed == 2 or detectable(sd / sqrt(needed - 1)) > change * (1 - 1e-9)


def test_the_ends() -> None:
    assert cases_needed(0.3, 0) is None and cases_needed(inf, 0.1) is None
    assert (power(0.1, 0), power(0, 0)) == (1, 0)
    assert curve([0.0], 0.1)[0] == (0.0, pytest.approx(0.025))
    assert planned_se(0.25, 50, 4) == pytest.approx(0.05)
    assert within_variance([[1, 0], [1, 1], [1]]) == pytest.approx(0.25)
    assert within_variance([[1], [0]]) is None


def test_corrections_are_those_of_the_papers() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert (holm([]), benjamini_hochberg([])) == ([], [])


@given(P)
def test_holm_lies_between_the_p_value_and_bonferroni_and_keeps_the_order(p: list[float]) -> None:
    adjusted = holm(p)
    for one, corrected in zip(p, adjusted, strict=True):
        assert one <= corrected <= min(1, one * len(p)) + 1e-12
    assert [each for _, each in sorted(zip(p, adjusted, strict=True))] == sorted(adjusted)
