"""Failure labels: why a run failed, by rule and without a model."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from evals.cases.case import Case
from evals.scores import Score
from evals.trajectory import Call, Trajectory
from state.canonical import canonical

LOOP = 3
"""So many equal calls with equal results, and nothing written between them, are a loop."""
HAND_OVER = re.compile(r"transfer|hand_?over|hand_?off|escalate", re.IGNORECASE)
"""Tools that give the user to a human, told by their names."""


@dataclass(frozen=True)
class Failure:
    """A run, and what its scores say."""

    case: Case
    trajectory: Trajectory
    scores: Mapping[str, Score]
    writes: Collection[str]
    """Tools that change the world."""

    def failed(self, name: str) -> bool:
        """Whether the demand of a scorer is not met."""
        score = self.scores.get(name)
        return score is not None and score.passed is False

    def expected(self, *verdicts: str) -> list[str]:
        """Tools of the expected calls of which the call scorer says so."""
        calls = self.case.expect.calls or ()
        return [calls[at].tool for at in self._findings("expected", verdicts)]

    def made(self, *verdicts: str) -> list[Call]:
        """The calls of which the call scorer says so."""
        return [self.trajectory.calls[at] for at in self._findings("actual", verdicts)]

    def _findings(self, side: str, verdicts: Collection[str]) -> list[int]:
        scores = (self.scores[name] for name in ("tool_calls", "forbidden_calls") if name in self.scores)
        calls = [call for score in scores for call in score.detail["calls"]]
        return [call[side] for call in calls if call["verdict"] in verdicts and call[side] is not None]

    def changes(self, call: Call) -> bool:
        """Whether a call has changed the world."""
        return call.error is None and (call.effect in ("write", "outward") or call.tool in self.writes)


def labels(
    case: Case, trajectory: Trajectory, scores: Sequence[Score], writes: Collection[str] = ()
) -> tuple[str, ...]:
    """Every label that fits a failed run, in the order of LABELS; none for one that meets its demands."""
    failure = Failure(case, trajectory, {score.name: score for score in scores}, writes)
    if not any(score.gates and score.passed is False for score in scores):
        return ()
    return tuple(label for label, fits in LABELS.items() if fits(failure)) or ("other",)


def _write_missing(run: Failure) -> bool:
    return any(tool in run.writes for tool in run.expected("missing", "wrong_argument", "wrong_tool"))


def _unexpected_write(run: Failure) -> bool:
    return any(run.changes(call) for call in run.made("extra", "forbidden", "wrong_argument", "wrong_tool"))


def _handed_over(run: Failure) -> bool:
    """Given to a human where the case expects neither that nor such a call."""
    expected = {call.tool for call in run.case.expect.calls or ()}
    called = any(HAND_OVER.search(c.tool) and c.tool not in expected for c in run.trajectory.calls)
    waits = run.trajectory.outcome in ("needs_approval", "needs_input")
    return called or (waits and run.trajectory.outcome != run.case.expect.outcome)


def _loop(run: Failure) -> bool:
    seen: Counter[str] = Counter()
    for call in run.trajectory.calls:
        if run.changes(call):
            seen.clear()
        seen[canonical([call.tool, call.args, call.output, call.error])] += 1
    return any(count >= LOOP for count in seen.values())


def _budget(run: Failure) -> bool:
    return run.failed("bounds") or "BoundExceeded" in (run.trajectory.error or "")


def _gate(run: Failure) -> bool:
    refused = run.trajectory.outcome == "refused" and run.case.expect.outcome not in (None, "refused")
    return refused or run.failed("verdicts")


LABELS: dict[str, Callable[[Failure], bool]] = {
    "expected_write_missing": _write_missing,
    "unexpected_write": _unexpected_write,
    "wrong_tool": lambda run: bool(run.expected("wrong_tool")),
    "wrong_argument": lambda run: bool(run.expected("wrong_argument")),
    "call_missing": lambda run: bool(run.expected("missing")),
    "call_out_of_order": lambda run: bool(run.expected("out_of_order")),
    "forbidden_call": lambda run: run.failed("forbidden_calls"),
    "output_not_said": lambda run: run.failed("outputs_said"),
    "wrong_answer": lambda run: run.failed("answer"),
    "handed_over_early": _handed_over,
    "not_ended": lambda run: not run.trajectory.ended,
    "loop": _loop,
    "budget": _budget,
    "schema": lambda run: run.failed("schema_valid"),
    "gate": _gate,
}
"""Label → whether it fits."""
