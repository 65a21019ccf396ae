"""What the benchmark finds: results, rewards, pass^k, control experiments, agreement."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.tau_airline.controls import NULL, altered, dropped, gold
from benchmarks.tau_airline.environment import ERROR, Airline
from benchmarks.tau_airline.recordings import Recording
from evals.cases.case import Case
from evals.scorers.goal import goal_by_state, goal_by_writes
from evals.statistics.kappa import Table, kappa
from evals.statistics.repeats import over_cases, pass_hat
from evals.trajectory import Trajectory
from state.schema import Json


@dataclass(frozen=True, slots=True)
class Replayed:
    """One recorded run and what our tools make of it."""

    recording: Recording
    identical: int
    """Calls whose result is the recorded one, byte for byte."""
    by_state: bool
    by_writes: bool


def compared(airline: Airline, recording: Recording, run: Trajectory) -> Replayed:
    """Compare a run on our tools with the recorded one, and score it."""
    recorded = recording.trajectory.calls
    identical = sum(ours.output == theirs.output for ours, theirs in zip(run.calls, recorded, strict=False))
    by_writes = goal_by_writes(recording.case, run, airline.writes, error_prefix=ERROR, schemas=airline.tools)
    return Replayed(recording, identical, passes(airline, recording.case, run), bool(by_writes.passed))


def passes(airline: Airline, case: Case, trajectory: Trajectory) -> bool:
    """Whether the goal is completed, by the final state."""
    return bool(goal_by_state(airline, case, trajectory).passed)


def document(airline: Airline, runs: Sequence[Replayed]) -> dict[str, Json]:
    """All figures but the time."""
    rewards = [run.recording.rewarded for run in runs]
    by_state, by_writes = [run.by_state for run in runs], [run.by_writes for run in runs]
    judged = {"state": by_state, "writes": by_writes}
    return {
        "runs": len(runs),
        "results_identical": sum(run.identical for run in runs),
        "results_total": sum(len(run.recording.trajectory.calls) for run in runs),
        "rewards_agree": sum(ours == theirs for ours, theirs in zip(by_state, rewards, strict=True)),
        "pass_hat": pass_hats(runs),
        "null_agent": _share(passes(airline, case, NULL) for case in _cases(runs)),
        "gold_agent": _share(passes(airline, case, gold(case)) for case in _cases(runs)),
        "agreement": {name: kappa(Table.of(ours, rewards)) for name, ours in judged.items()},
        "inputs_repaired": sum(run.recording.repaired for run in runs),
    }


def controls(airline: Airline, runs: Sequence[Replayed]) -> dict[str, Json]:
    """How many gold runs with one mistake there are, and how many of them pass: none should."""
    found: dict[str, Json] = {}
    makers: dict[str, Callable[[Airline, Case], Iterable[Trajectory]]] = {
        "dropped": dropped,
        "altered": altered,
    }
    for name, make in makers.items():
        passed = [passes(airline, case, run) for case in _cases(runs) for run in make(airline, case)]
        found[name] = {"runs": len(passed), "passed": sum(passed)}
    return found


def pass_hats(runs: Iterable[Replayed]) -> dict[str, float | None]:
    """pass^k by k, as a mean over tasks; None where a task has fewer trials."""
    trials: defaultdict[str, list[bool]] = defaultdict(list)
    for run in runs:
        trials[run.recording.case.id].append(run.by_state)
    found: dict[str, float | None] = {}
    for k in range(1, 5):
        over = over_cases(pass_hat(sum(passed), len(passed), k) for passed in trials.values())
        found[str(k)] = None if over.undefined else over.mean
    return found


def _cases(runs: Iterable[Replayed]) -> list[Case]:
    return list({run.recording.case.id: run.recording.case for run in runs}.values())


def _share(passed: Iterable[bool]) -> float | None:
    found = list(passed)
    return sum(found) / len(found) if found else None
