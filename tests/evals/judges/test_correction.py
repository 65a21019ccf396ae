"""Agreement and corrected rates: equal to other software where exact, right in simulation where not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.simulated_judges import Cell, coverage
from evals.judges.agreement import kappa_estimate, rate
from evals.judges.correction import corrected, corrected_rate
from evals.statistics.kappa import Table, kappa

JUDGED = Table(74, 10, 29, 87)
"""200 items: apparent rate 0.515, true rate 0.42."""

counts = st.integers(min_value=0, max_value=200)


def test_kappa_and_the_corrected_rate_equal_those_of_scikit_learn_and_by_hand() -> None:
    assert kappa(JUDGED) == pytest.approx(0.6118630573248407, abs=1e-12)
    found = corrected_rate(103, 200, JUDGED)
    assert found.value == pytest.approx(0.42, abs=1e-12)
    assert corrected(0.515, 0.8809523809523809, 0.75) == pytest.approx(0.42, abs=1e-12)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.42 < found.high


def test_clopper_and_pearson_equal_their_closed_form_at_the_ends() -> None:
    none, every = rate(0, 10), rate(10, 10)
    assert (none.low, every.high) == (0.0, 1.0)
    assert none.high == pytest.approx(1 - 0.025 ** (1 / 10), abs=1e-12)
    assert every.low == pytest.approx(0.025 ** (1 / 10), abs=1e-12)
    assert rate(0, 0).value is None


def test_a_few_labels_without_an_error_do_not_prove_a_judge_perfect() -> None:
    few, many = kappa_estimate(Table(5, 0, 0, 5)), kappa_estimate(Table(100, 0, 0, 100))
    assert few.value == many.value == few.high == 1.0
    assert few.low is not None
    assert many.low is not None
    assert few.low < 0.7
    assert many.low > 0.9


def test_what_cannot_be_corrected_is_undefined() -> None:
    assert corrected_rate(5, 10, Table(5, 5, 5, 5)).value is None
    assert corrected_rate(5, 10, Table(0, 0, 1, 9)).value is None
    assert corrected_rate(0, 0, JUDGED).value is None
    assert kappa_estimate(Table(5, 0, 0, 0)).value is None
    with pytest.raises(ValueError, match="11 good verdicts among 10"):
        corrected_rate(11, 10, JUDGED)


@given(counts, counts, st.tuples(counts, counts, counts, counts))
def test_a_corrected_rate_lies_in_its_interval_and_both_between_0_and_1(
    good: int, bad: int, cells: tuple[int, int, int, int]
) -> None:
    found = corrected_rate(good, good + bad, Table(*cells))
    if found.value is not None:
        assert found.low is not None
        assert found.high is not None
        assert 0 <= found.low <= found.value <= found.high <= 1


@pytest.mark.parametrize(
    "cell", [Cell(0.1, 0.75, 0.95, 200, 100), Cell(0.5, 0.9, 0.8, 50, 400), Cell(0.9, 0.95, 0.75, 100, 400)]
)
def test_the_corrected_interval_covers_the_truth(cell: Cell) -> None:
    assert 0.93 <= coverage(cell, 20_000, np.random.default_rng(7)) <= 0.97
