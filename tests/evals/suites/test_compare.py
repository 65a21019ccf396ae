"""Comparing two runs of a suite: what is compared, and what is decided."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.statistics.gate import Decision
from evals.suites.compare import Run, compare
from evals.suites.comparison import Options
from state.errors import UsageError
from tests.evals.suites.recorded import run, same, trial

Outcomes = st.lists(st.booleans(), min_size=2, max_size=2)


def noisy(seed: int, drop: float = 0.0) -> Run:
    rng = np.random.default_rng(seed)
    rates = np.random.default_rng(7).beta(0.62, 0.85, 50) * (1 - drop)
    return run({f"c{at:03}": (rng.random(4) < rate).tolist() for at, rate in enumerate(rates)})


def test_a_run_is_no_worse_than_itself() -> None:
    found = compare(noisy(1), noisy(1), Options(max_drop=0))
    assert found.decision is Decision.NO_REGRESSION
    assert found.metrics[0].difference == 0


@pytest.mark.parametrize("count", [1, 2, 50])
def test_identical_deterministic_runs_are_no_regression_however_few(count: int) -> None:
    suite = run(same(count, [1, 1]))
    for options in (Options(), Options(max_drop=0.01), Options(exact=True)):
        assert compare(suite, suite, options).decision is Decision.NO_REGRESSION


def test_a_clear_drop_is_a_regression() -> None:
    found = compare(noisy(1), noisy(2, drop=0.6))
    assert found.decision is Decision.REGRESSION
    (metric,) = [each for each in found.metrics if each.gates]
    assert metric.difference < 0 and metric.p_corrected <= 0.05
    assert metric.interval[1] < 0


def test_a_clear_gain_is_none_also_where_a_drop_is_bounded() -> None:
    assert compare(noisy(2, drop=0.6), noisy(1), Options(max_drop=0.05)).decision is Decision.NO_REGRESSION


def test_too_few_cases_for_the_drop_that_matters_cannot_tell() -> None:
    found = compare(noisy(1), noisy(2), Options(max_drop=0.02))
    assert found.decision is Decision.CANNOT_TELL
    (metric,) = [each for each in found.metrics if each.gates]
    assert metric.detectable > 0.02
    assert metric.cases_needed is not None and metric.cases_needed > 50


def test_three_cases_that_all_drop_cannot_tell() -> None:
    found = compare(run(same(3, [1])), run(same(3, [0])))
    assert found.decision is Decision.CANNOT_TELL
    assert "too few" in found.metrics[0].reason


def test_five_cases_that_all_drop_are_a_regression() -> None:
    found = compare(run(same(5, [1])), run(same(5, [0])))
    assert found.decision is Decision.REGRESSION
    assert found.metrics[0].p == pytest.approx(1 / 32)


def test_one_case_that_flips_is_noise_unless_the_suite_is_deterministic() -> None:
    base, new = run(same(60, [1, 1])), run({**same(60, [1, 1]), "c007": [0, 0]})
    assert compare(base, new).decision is Decision.NO_REGRESSION
    found = compare(base, new, Options(exact=True))
    assert found.decision is Decision.REGRESSION
    assert found.metrics[0].worse == ("c007",)


def test_a_case_that_gets_better_makes_no_exact_regression() -> None:
    base, new = run({**same(9, [1]), "c003": [0]}), run(same(9, [1]))
    found = compare(base, new, Options(exact=True))
    assert (found.decision, found.metrics[0].better) == (Decision.NO_REGRESSION, ("c003",))


def test_infrastructure_errors_are_counted_apart_and_never_as_failures() -> None:
    base = run(same(50, [1, 1]))
    new = run({**same(50, [1, 1]), "c000": [1, None], "c001": [None, None]})
    found = compare(base, new)
    assert found.new.infrastructure_errors == 3
    assert found.metrics[0].new == 1.0
    assert (found.lost, found.cases) == (("c001",), 49)
    assert found.decision is Decision.NO_REGRESSION


def test_too_many_infrastructure_errors_cannot_tell_even_beside_a_drop() -> None:
    new = run({**same(20, [0, 0]), **{f"c{at:03}": [None, None] for at in range(10)}})
    found = compare(run(same(20, [1, 1])), new)
    assert found.decision is Decision.CANNOT_TELL
    assert "infrastructure" in found.reasons[0]


def test_a_case_that_got_worse_is_a_fact_whatever_else_was_lost() -> None:
    new = run({**same(4, [1]), "c000": [0], "c001": [None]})
    assert compare(run(same(4, [1])), new, Options(exact=True)).decision is Decision.REGRESSION


def test_exactness_wants_every_case() -> None:
    new = run({**same(40, [1]), "c001": [None]})
    assert compare(run(same(40, [1])), new).decision is Decision.NO_REGRESSION
    assert compare(run(same(40, [1])), new, Options(exact=True)).decision is Decision.CANNOT_TELL


def test_disjoint_datasets_cannot_tell() -> None:
    found = compare(run({"a": [1]}), run({"b": [1]}, dataset="sha256:2"))
    assert found.decision is Decision.CANNOT_TELL
    assert (found.only_base, found.only_new, found.metrics) == (("a",), ("b",), ())


def test_a_run_that_was_cut_off_cannot_tell() -> None:
    found = compare(run(same(10, [1])), run(same(6, [1]), finished=None))
    assert found.decision is Decision.CANNOT_TELL
    assert "4 cases" in found.reasons[0]
    assert not found.new.finished


def test_another_dataset_is_compared_on_the_cases_that_are_the_same() -> None:
    base = run({**same(8, [1]), "old": [1]}, cases={"c000": "1", "c001": "1"})
    new = run({**same(8, [1]), "c000": [0]}, dataset="sha256:2", cases={"c000": "2", "c001": "1"})
    found = compare(base, new, Options(exact=True))
    assert (found.changed, found.only_base, found.cases) == (("c000",), ("old",), 7)
    assert found.decision is Decision.NO_REGRESSION


def test_several_measures_are_corrected_and_the_others_only_shown() -> None:
    base, new = run(same(6, [1]), f1=0.9), run({**same(6, [0]), "c000": [1]}, f1=0.5)
    found = compare(base, new)
    by_name = {metric.name: metric for metric in found.metrics}
    assert by_name["tool_calls_f1"].decision is None
    assert by_name["passed"].p_corrected == by_name["passed"].p
    both = compare(base, new, Options(metrics=("passed", "tool_calls_f1")))
    f1 = next(metric for metric in both.metrics if metric.name == "tool_calls_f1")
    assert f1.p_corrected == pytest.approx(2 * f1.p)


def test_more_seconds_are_worse() -> None:
    def timed(seconds: float) -> Run:
        return Run(run({}).info, [trial(f"c{at}", 0, True, seconds=seconds + at / 100) for at in range(8)])

    found = compare(timed(1.0), timed(2.0), Options(metrics=("seconds",)))
    assert found.decision is Decision.REGRESSION
    assert found.metrics[0].difference == pytest.approx(1)
    assert compare(timed(2.0), timed(1.0), Options(metrics=("seconds",))).decision is Decision.NO_REGRESSION


def test_a_measure_of_neither_run_is_a_usage_error_that_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="tool_calls_f1"):
        compare(run(same(2, [1]), f1=1), run(same(2, [1]), f1=1), Options(metrics=("pased",)))


def test_labels_repeats_controls_and_discordant_pairs_are_told() -> None:
    base, new = run({"a": [1, 1], "b": [1, 0]}), run({"a": [1, 1], "b": [1, 1]}, stamp={"prompts": "2"})
    failed = Run(new.info, [*new.trials[:3], trial("b", 1, False, labels=("loop",))])
    found = compare(base, failed)
    assert [(label.name, label.base, label.new) for label in found.labels] == [("loop", 0, 1)]
    assert (found.base.passed_differ.cases, found.base.passed_differ.of_cases) == (1, 2)
    assert found.base.controls == {"null": 0.2, "gold": 1.0}
    assert found.stamp == ("prompts",)
    pairs = compare(base, new).metrics[0].pairs
    assert pairs is not None and (pairs.lost, pairs.gained) == (0, 1)


@settings(max_examples=25)
@given(st.lists(st.tuples(Outcomes, Outcomes), min_size=2, max_size=12), st.randoms())
def test_the_order_of_trials_does_not_matter_and_swapping_the_versions_turns_the_sign(
    outcomes: list[tuple[list[bool], list[bool]]], random: "np.random.Generator"
) -> None:
    base = run({f"c{at}": before for at, (before, _) in enumerate(outcomes)})
    new = run({f"c{at}": after for at, (_, after) in enumerate(outcomes)})
    shuffled = list(new.trials)
    random.shuffle(shuffled)
    found, again = compare(base, new), compare(base, Run(new.info, shuffled))
    assert found == again
    swapped = compare(new, base)
    assert swapped.metrics[0].difference == pytest.approx(-found.metrics[0].difference)
    assert swapped.metrics[0].worse == found.metrics[0].better
