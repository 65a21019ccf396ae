"""Controls: what an agent that does nothing scores, and one that does just what is expected.

A suite that the null agent passes measures nothing; one that the gold agent fails is wrong itself.
"""

from collections.abc import Callable, Iterable, Mapping
from statistics import fmean

from evals.cases.case import Case, ExpectedCall
from evals.scorers.registry import passed
from evals.suites.scoring import Scoring
from evals.trajectory import Call, Effect, Trajectory
from state.schema import Json


def controls(
    cases: Iterable[Case], scoring: Scoring, effects: Mapping[str, Effect]
) -> dict[str, float | None]:
    """Goal completion of both agents over the cases that have a goal, and the pass rate of the null agent."""
    cases = list(cases)
    return {
        "null": _goal(cases, scoring, null),
        "gold": _goal(cases, scoring, lambda case: gold(case, effects)),
        "null_passed": _mean(float(passed(scoring.scores(case, null(case)))) for case in cases),
    }


def null(case: Case) -> Trajectory:
    """The run of an agent that does nothing and says nothing."""
    return Trajectory(input=case.input)


def gold(case: Case, effects: Mapping[str, Effect]) -> Trajectory:
    """The run of an agent that makes the expected calls, in their order, and says the expected outputs."""
    expected = case.expect
    calls = [call for call in expected.calls or () if not call.optional]
    text = "\n".join((*expected.outputs, *(expected.answer.contains if expected.answer else ())))
    return Trajectory(
        input=case.input,
        calls=tuple(
            Call(call.tool, _object(call.args), turn=turn, effect=effects.get(call.tool))
            for turn, call in enumerate(_ordered(calls))
        ),
        said=(text,),
        answer=text,
        outcome=expected.outcome or "answered",
    )


def _goal(cases: list[Case], scoring: Scoring, run: Callable[[Case], Trajectory]) -> float | None:
    scores = (scoring.goal(case, run(case)).value for case in cases)
    return _mean(score for score in scores if score is not None)


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return fmean(found) if found else None


def _ordered(calls: list[ExpectedCall]) -> list[ExpectedCall]:
    """In the order in which they are written, but for those that come after later ones."""
    made: list[ExpectedCall] = []
    left = list(calls)
    while left:
        waiting = {call.id for call in left}
        ready = next((call for call in left if not waiting & set(call.after)), left[0])
        left.remove(ready)
        made.append(ready)
    return made


LEFT_OUT = object()


def _object(args: Mapping[str, Json]) -> dict[str, Json]:
    values = {name: _value(value) for name, value in args.items()}
    return {name: value for name, value in values.items() if value is not LEFT_OUT}


def _value(expected: Json) -> Json:
    """A value that a comparator takes; that of a pattern or a schema cannot be told, so it stays."""
    if isinstance(expected, list):
        return [value for one in expected if (value := _value(one)) is not LEFT_OUT]
    if isinstance(expected, Mapping):
        (name, operand), *others = expected.items() or [("", None)]
        return TAKEN[name](operand) if name in TAKEN and not others else _object(expected)
    return expected


TAKEN: dict[str, Callable[[Json], Json]] = {
    "$ignore": lambda _: LEFT_OUT,
    "$optional": lambda _: LEFT_OUT,
    "$exact": lambda operand: operand,
    "$text": lambda operand: operand,
    "$one_of": lambda operand: _value(operand[0]),
    "$number": lambda operand: operand["value"],
    "$set": _value,
}
"""Comparator → a value that it takes."""
