"""Goal completion: the run ended, the world is as it should be, and the agent said what it had to say."""

import json
from collections.abc import Collection, Sequence

from evals.cases.case import Case, ExpectedCall
from evals.cases.comparators import matcher
from evals.cases.values import Plain
from evals.environment import Environment, World
from evals.scorers.matching import Wanted, match
from evals.scores import Score
from evals.trajectory import Call, Trajectory
from state.errors import UsageError
from state.schema import Json

NAME = "goal_completion"


def goal_by_state(environment: Environment, case: Case, trajectory: Trajectory) -> Score:
    """Whether the calls of the run bring a fresh world to the expected state.

    The expected state is `expect.state`, or the one after `expect.calls`, played in the order in which they
    are written, those that are optional only if the run made them. States are the same if they are the same
    JSON text with sorted keys: lists have an order, and 1 is not 1.0, as in τ-bench. The measure is None for
    a case that expects neither a state, nor calls, nor outputs.

    Raises:
        UsageError: an expected call has a comparator, so it cannot be played, and no state is expected.
    """
    expected = case.expect
    if expected.state is None and expected.calls is None:
        return _score(case, trajectory, [], demanded=bool(expected.outputs))
    wanted = _expected_state(environment, case, trajectory)
    reached = environment.world()
    for call in trajectory.calls:
        _play(reached, call.tool, call.args)
    return _score(case, trajectory, _state_faults(wanted, reached.state()))


def goal_by_writes(
    case: Case, trajectory: Trajectory, writes: Collection[str], error_prefix: str | None = None
) -> Score:
    """Whether the writes that took effect are the expected ones, each as often; it needs no environment.

    Reads are free, and so are writes that failed. Arguments are compared by the case's comparators, where 1
    is 1.0: without the environment nobody knows whether it tells them apart, and a model that writes `50.0`
    means 50. An order counts only where the case has one (`after`). What a call did is not seen here: writes
    that undo each other, or that the environment ignored without saying so, count as they were made.

    Args:
        case: Its `expect.calls` tell the writes; without them the measure is that of the outputs.
        trajectory: What was done.
        writes: Tools that change the world.
        error_prefix: How a text begins that says of a call that it failed, such as τ-bench's `Error:`,
            beside `Call.error`.
    """
    expected = case.expect
    if expected.calls is None:
        return _score(case, trajectory, [], demanded=bool(expected.outputs))
    wanted = Wanted(tuple(_only_writes(expected.calls, writes)))
    done = [call for call in trajectory.calls if call.tool in writes and not _failed(call, error_prefix)]
    return _score(case, trajectory, _write_faults(wanted, done))


def missing_outputs(outputs: Sequence[str], said: Sequence[str]) -> list[str]:
    """The expected outputs that stand in no text that the agent said, in lower case and without commas."""
    plain = [text.lower().replace(",", "") for text in said]
    return [output for output in outputs if not any(output.lower() in text for text in plain)]


def _score(case: Case, trajectory: Trajectory, faults: list[str], *, demanded: bool = True) -> Score:
    if not demanded:
        return Score(
            name=NAME, value=None, reason="The case expects neither a state, nor calls, nor outputs."
        )
    missing = missing_outputs(case.expect.outputs, trajectory.said)
    reasons = [
        *([] if trajectory.ended else ["The run did not end by itself."]),
        *faults,
        *(f"The agent did not say {output!r}." for output in missing),
    ]
    detail = {"ended": trajectory.ended, "faults": faults, "missing_outputs": missing}
    passed = not reasons
    return Score(
        name=NAME, value=float(passed), passed=passed, reason="\n".join(reasons) or "Done.", detail=detail
    )


def _expected_state(environment: Environment, case: Case, trajectory: Trajectory) -> Json:
    if case.expect.state is not None:
        return case.expect.state
    world = environment.world()
    for call in case.expect.calls or ():
        if not isinstance(matcher(call.args), Plain) or call.more_args:
            raise UsageError(
                f"Case {case.id}: the call of {call.tool} has comparators and cannot be played.",
                "Write its arguments as values, or give the final state in expect.state.",
            )
        if not call.optional or _made(call, trajectory.calls):
            _play(world, call.tool, call.args)
    return world.state()


def _made(expected: ExpectedCall, calls: Sequence[Call]) -> bool:
    args = _text(expected.args)
    return any(call.tool == expected.tool and _text(call.args) == args for call in calls)


def _play(world: World, tool: str, args: Json) -> None:
    """Call a tool; a call of no tool, or with arguments that are no object, never reached the world."""
    if isinstance(args, dict):
        try:
            world.call(tool, args)
        except KeyError:
            return


def _state_faults(wanted: Json, reached: Json) -> list[str]:
    if _text(wanted) == _text(reached):
        return []
    difference = Plain(wanted).mismatch(reached)
    return [
        f"The state differs at {difference or 'a number, which is an integer in one and not in the other'}."
    ]


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True)


def _only_writes(calls: Sequence[ExpectedCall], writes: Collection[str]) -> list[ExpectedCall]:
    """The expected writes; what comes after a read comes after whatever the read comes after."""
    kept = [call for call in calls if call.tool in writes]
    before = {call.id: call.after for call in calls if call.tool not in writes and call.id is not None}
    return [call.model_copy(update={"after": _through(call.after, before, frozenset())}) for call in kept]


def _through(
    after: Sequence[str], before: dict[str, tuple[str, ...]], seen: frozenset[str]
) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for name in after:
        if name not in before:
            found[name] = None
        elif name not in seen:
            found |= dict.fromkeys(_through(before[name], before, seen | {name}))
    return tuple(found)


def _failed(call: Call, error_prefix: str | None) -> bool:
    said = isinstance(call.output, str) and error_prefix is not None and call.output.startswith(error_prefix)
    return call.error is not None or said


def _write_faults(wanted: Wanted, done: Sequence[Call]) -> list[str]:
    matching = match(wanted, done, [True] * len(done))
    used = set(matching.matched.values())
    missing = [
        f"{call.tool} was not called as expected."
        for at, call in enumerate(wanted.calls)
        if at not in matching.matched and not call.optional
    ]
    return missing + [f"{call.tool} was called besides." for at, call in enumerate(done) if at not in used]
