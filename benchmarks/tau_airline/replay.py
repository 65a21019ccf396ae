"""Recorded calls, made again."""

from dataclasses import replace

from benchmarks.tau_airline.environment import ERROR, TOOLS, Airline, AirlineWorld
from benchmarks.tau_airline.recordings import Recording
from evals.trajectory import Call, Trajectory
from state.schema import Json


def answer(world: AirlineWorld, call: Call) -> Json:
    """What τ-bench tells the model of a call."""
    if call.tool not in TOOLS:
        return f"Unknown action {call.tool}"
    if not isinstance(call.args, dict):
        return f"{ERROR} the arguments are no object"
    return world.call(call.tool, call.args)


def replay(airline: Airline, recording: Recording) -> Trajectory:
    """The recorded run with the results that our tools give on a fresh world."""
    world = airline.world()
    calls = tuple(replace(call, output=answer(world, call)) for call in recording.trajectory.calls)
    return replace(recording.trajectory, calls=calls)
