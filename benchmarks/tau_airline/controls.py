"""Control experiments: agents of which it is known whether they do what is expected."""

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.tau_airline.environment import ERROR, Airline
from evals.cases.case import Case
from evals.trajectory import Call, Trajectory
from state.schema import Json

NULL = Trajectory()
"""An agent that does nothing and says nothing."""


def gold(case: Case) -> Trajectory:
    """An agent that does what is expected, and no more."""
    calls = tuple(Call(call.tool, call.args) for call in case.expect.calls or ())
    return Trajectory(calls=calls, said=case.expect.outputs)


def dropped(airline: Airline, case: Case) -> Iterator[Trajectory]:
    """The gold agent without one of its writes, once for each that takes effect."""
    run = gold(case)
    for at in _effective(airline, run):
        yield replace(run, calls=run.calls[:at] + run.calls[at + 1 :])


def altered(airline: Airline, case: Case) -> Iterator[Trajectory]:
    """The gold agent with one argument of one write changed, once for each argument."""
    run = gold(case)
    for at in _effective(airline, run):
        call = run.calls[at]
        for name, value in call.args.items():
            changed = replace(call, args=call.args | {name: _other(value)})
            yield replace(run, calls=(*run.calls[:at], changed, *run.calls[at + 1 :]))


def _effective(airline: Airline, run: Trajectory) -> list[int]:
    world = airline.world()
    outputs = [world.call(call.tool, call.args) for call in run.calls]
    return [
        at
        for at, call in enumerate(run.calls)
        if call.tool in airline.writes and not str(outputs[at]).startswith(ERROR)
    ]


def _other(value: Json) -> Json:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}_"
        case list():
            return value[:-1]
        case _:
            return None
