"""Measures of a run: which of them are better when they are less."""

from evals.cases.case import Case
from evals.scorers.bounds import costs, retries
from evals.suites.measures import LOWER_IS_BETTER, OF_TRIALS, PASSED
from evals.trajectory import Trajectory
from state.usage import Usage


def test_less_of_what_a_run_costs_is_better_and_of_nothing_else() -> None:
    spent = Trajectory(usage=Usage(cost_usd=0.1), seconds=1.0, steps=2)
    case = Case(id="a", input="")
    given = {score.name for scorer in (costs, retries) for score in scorer(case, spent)}
    assert given == LOWER_IS_BETTER
    assert set(OF_TRIALS) - {PASSED} <= LOWER_IS_BETTER
