"""Scoring a trial: the suite's scorers and goal completion, the labels of what failed, and the verdict."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from evals.cases.case import Case
from evals.environment import Environment
from evals.scorers.goal import goal_by_state, goal_by_writes
from evals.scorers.labels import labels
from evals.scorers.registry import SCORERS, find, passed
from evals.scores import Score, Scorer
from evals.suites.agent import Agent, Played
from evals.suites.judges import SuiteJudge
from evals.suites.local import load
from evals.suites.results import Trial
from evals.suites.suite import Suite
from evals.trajectory import Trajectory
from state.canonical import digest
from state.errors import UsageError, WarrantError

SHOWN = 500
"""Characters of an answer that a trial keeps; the trace has all of it."""
Goal = Callable[[Case, Trajectory], Score]


@dataclass(frozen=True)
class Scoring:
    """How every trial of a suite is scored."""

    scorers: Sequence[tuple[str, Scorer]]
    goal: Goal
    writes: frozenset[str]
    """Tools that change the world."""
    judges: Sequence[SuiteJudge] = ()

    def scores(self, case: Case, trajectory: Trajectory) -> list[Score]:
        """Every score of a run but those of judges.

        Raises:
            UsageError: a scorer raised, which says nothing about the agent.
        """
        goal = self.goal(case, trajectory)
        found = [goal] if goal.value is not None else []
        for name, scorer in self.scorers:
            try:
                found += scorer(case, trajectory)
            except WarrantError:
                raise
            except Exception as error:
                raise UsageError(
                    f"The scorer {name} raised {error!r} on case {case.id}.", "Mend it, then resume the run."
                ) from error
        return found

    async def trial(self, case: Case, number: int, played: Played, stamp: str) -> Trial:
        """The record of a run."""
        trajectory = played.trajectory
        scores = self.scores(case, trajectory)
        for judge in self.judges:
            scores += await judge.score(case, trajectory)
        return Trial(
            case=case.id,
            trial=number,
            tags=case.tags,
            status="done",
            passed=passed(scores),
            scores=tuple(scores),
            labels=labels(case, trajectory, scores, self.writes),
            trace_id=trajectory.id or None,
            usage=trajectory.usage,
            seconds=trajectory.seconds,
            answer=trajectory.text[:SHOWN],
            stamp=digest(dict(trajectory.stamp)) if trajectory.stamp else stamp,
        )


def scoring_of(suite: Suite, agent: Agent, judges: Sequence[SuiteJudge] = ()) -> Scoring:
    """The scoring that a suite asks for; its judges come from `judges_of`.

    Raises:
        UsageError: it names a scorer or an environment that does not exist.
    """
    names = SCORERS if suite.scorers is None else suite.scorers
    writes = frozenset(tool for tool, effect in agent.effects.items() if effect != "read")
    if suite.environment is None:
        goal: Goal = partial(goal_by_writes, writes=writes)
    else:
        environment = load(suite.environment, "an environment")
        environment = environment() if isinstance(environment, type) else environment
        goal, writes = partial(_by_state, environment), writes | environment.writes
    return Scoring([(name, find(name)) for name in names], goal, writes, judges)


def _by_state(environment: Environment, case: Case, trajectory: Trajectory) -> Score:
    return goal_by_state(environment, case, trajectory)
