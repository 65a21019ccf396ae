"""What the benchmark finds: results, rewards, pass^k, control experiments, agreement."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb

from benchmarks.tau_airline.controls import NULL, altered, dropped, gold
from benchmarks.tau_airline.environment import ERROR, Airline
from benchmarks.tau_airline.recordings import Recording
from evals.cases.case import Case
from evals.scorers.goal import goal_by_state, goal_by_writes
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
    by_writes = goal_by_writes(recording.case, run, airline.writes, ERROR)
    return Replayed(recording, identical, passes(airline, recording.case, run), bool(by_writes.passed))


def passes(airline: Airline, case: Case, trajectory: Trajectory) -> bool:
    """Whether the goal is completed, by the final state."""
    return bool(goal_by_state(airline, case, trajectory).passed)


def document(airline: Airline, runs: Sequence[Replayed]) -> dict[str, Json]:
    """All figures but the time."""
    rewards = [run.recording.rewarded for run in runs]
    by_state, by_writes = [run.by_state for run in runs], [run.by_writes for run in runs]
    return {
        "runs": len(runs),
        "results_identical": sum(run.identical for run in runs),
        "results_total": sum(len(run.recording.trajectory.calls) for run in runs),
        "rewards_agree": sum(ours == theirs for ours, theirs in zip(by_state, rewards, strict=True)),
        "pass_hat": pass_hat(runs),
        "null_agent": _share(passes(airline, case, NULL) for case in _cases(runs)),
        "gold_agent": _share(passes(airline, case, gold(case)) for case in _cases(runs)),
        "agreement": {"state": kappa(by_state, rewards), "writes": kappa(by_writes, rewards)},
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


def pass_hat(runs: Iterable[Replayed]) -> dict[str, float | None]:
    """pass^k by k (Yao et al. 2024): the chance that k trials of a task all pass; None with fewer trials."""
    trials: defaultdict[str, list[bool]] = defaultdict(list)
    for run in runs:
        trials[run.recording.case.id].append(run.by_state)
    return {str(k): _pass_hat(list(trials.values()), k) for k in range(1, 5)}


def _pass_hat(trials: Sequence[Sequence[bool]], k: int) -> float | None:
    if not trials or any(len(passed) < k for passed in trials):
        return None
    shares = [Fraction(comb(sum(passed), k), comb(len(passed), k)) for passed in trials]
    return float(sum(shares) / len(shares))


def kappa(ours: Sequence[bool], theirs: Sequence[bool]) -> float | None:
    """Cohen's κ of two judges; None where both always say the same, or there is nothing to judge."""
    count = len(ours)
    if not count:
        return None
    agreed = sum(one == other for one, other in zip(ours, theirs, strict=True)) / count
    yes, other_yes = sum(ours) / count, sum(theirs) / count
    chance = yes * other_yes + (1 - yes) * (1 - other_yes)
    return None if chance == 1 else (agreed - chance) / (1 - chance)


def _cases(runs: Iterable[Replayed]) -> list[Case]:
    return list({run.recording.case.id: run.recording.case for run in runs}.values())


def _share(passed: Iterable[bool]) -> float | None:
    found = list(passed)
    return sum(found) / len(found) if found else None
