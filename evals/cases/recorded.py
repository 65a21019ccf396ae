"""Cases from recorded runs: what a run did becomes what is expected, or what must not happen again."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeAlias

from evals.cases.case import Case, Expectation, ExpectedAnswer, ExpectedCall, ForbiddenCall
from evals.traces.messages import plain, role, text
from evals.traces.trajectories import trajectory_of_runs
from evals.trajectory import Call, Effect, Trajectory
from state.schema import Json
from state.trace import Run

Trace: TypeAlias = Sequence[Run]
STEP = "step:"
"""How the source of a citation begins that quotes what a step gave: another plan names it otherwise."""


def turn_of(traces: Sequence[Trace], trace_id: str) -> list[Trace]:
    """The traces of the turn that a trace belongs to: where it was asked, and each time it was resumed.

    Args:
        traces: Those of the thread, in the order in which they began.
        trace_id: One of them.
    """
    at = next(place for place, runs in enumerate(traces) if runs[0].trace_id == trace_id)
    first = at
    while first and _resumes(traces[first]):
        first -= 1
    last = first + 1
    while last < len(traces) and _resumes(traces[last]):
        last += 1
    return list(traces[first:last])


def case_of(
    turn: Sequence[Trace],
    effects: Mapping[str, Effect],
    parts: Collection[str] = ("calls", "outcome"),
    *,
    failed: bool = False,
) -> Case:
    """The case of a recorded turn, with the trace's id as its source.

    Writes are expected as they were made, each after those of earlier turns of the model; reads are allowed
    beside them. A call of a tool whose effect nobody has declared counts as a write. A turn that failed says
    nothing of what is right: its writes are forbidden, and that it comes to an answer is expected.

    Args:
        turn: What `turn_of` gives.
        effects: Tool → what it does to the world.
        parts: What the run is taken as an example of: `calls`, `answer`, `outcome`.
        failed: Whether it is an example of what must not happen.
    """
    trajectory = trajectory_of_runs([run for runs in turn for run in runs], effects)
    asked = turn[0][0].inputs
    return Case(
        id=f"run-{trajectory.id[:8]}",
        input=_input(turn[0][0], trajectory),
        answer_schema=asked.get("answer_schema") or None,
        resume=tuple(_answers(turn[1:])),
        source=trajectory.id,
        expect=_avoided(trajectory) if failed else _repeated(trajectory, parts),
        note=f"Recorded as wrong; it ended so: {trajectory.error or trajectory.outcome}." if failed else None,
    )


def _resumes(runs: Trace) -> bool:
    """Whether a trace goes on with what an earlier one began: with an answer, or after a crash."""
    inputs = runs[0].inputs
    value = inputs.get("value")
    return not inputs or (isinstance(value, Mapping) and "resume" in value)


def _answers(resumed: Sequence[Trace]) -> Iterator[Json]:
    for runs in resumed:
        value = runs[0].inputs.get("value")
        if isinstance(value, Mapping) and value.get("resume") is not None:
            yield value["resume"]


def _input(root: Run, trajectory: Trajectory) -> Json:
    """What was asked; in a conversation that had gone on before, with what was said there."""
    given = root.inputs.get("messages")
    if not isinstance(given, list) or not given:
        return trajectory.input
    asked = [{"role": "user", "content": text(plain(one))} for one in given if role(plain(one)) == "human"]
    if len(asked) != len(given):
        return trajectory.input
    earlier = _earlier(root, text(plain(given[-1])))
    return {"messages": [*earlier, *asked]} if earlier or len(asked) > 1 else asked[0]["content"]


def _earlier(root: Run, question: str) -> list[dict[str, Json]]:
    messages = (root.outputs or {}).get("messages")
    said = [plain(one) for one in messages if isinstance(one, Mapping)] if isinstance(messages, list) else []
    spoken = [(role(one), text(one)) for one in said]
    last = max((at for at, one in enumerate(spoken) if one == ("human", question)), default=0)
    names = {"human": "user", "ai": "assistant"}
    return [{"role": names[who], "content": what} for who, what in spoken[:last] if who in names and what]


def _repeated(trajectory: Trajectory, parts: Collection[str]) -> Expectation:
    """Expect what was done."""
    expected: dict[str, Json] = {}
    if "calls" in parts:
        expected |= {"calls": _expected(_writes(trajectory)), "extra": "reads"}
    if "outcome" in parts:
        expected["outcome"] = trajectory.outcome
    if "answer" in parts:
        expected["answer"] = _answer(trajectory)
    return Expectation.model_validate(expected)


def _avoided(trajectory: Trajectory) -> Expectation:
    """Expect that it is not done again."""
    made = [call for call in _writes(trajectory) if isinstance(call.args, dict)]
    return Expectation(
        forbidden=tuple(ForbiddenCall(tool=call.tool, args=_literal(call.args)) for call in made),
        outcome="answered",
    )


def _writes(trajectory: Trajectory) -> list[Call]:
    """Calls that changed the world, or may have."""
    return [call for call in trajectory.calls if call.effect != "read" and call.error is None]


def _expected(calls: Sequence[Call]) -> list[ExpectedCall]:
    made: list[ExpectedCall] = []
    for at, call in enumerate(calls):
        args = call.args if isinstance(call.args, dict) else {}
        earlier = tuple(f"c{place + 1}" for place, other in enumerate(calls[:at]) if other.turn < call.turn)
        made.append(ExpectedCall(id=f"c{at + 1}", tool=call.tool, args=_literal(args), after=earlier))
    return made


def _literal(args: Mapping[str, Json]) -> dict[str, Json]:
    """Recorded arguments are values, also where one looks like a comparator."""
    return {name: {"$exact": value} if _looks_compared(value) else value for name, value in args.items()}


def _looks_compared(value: Json) -> bool:
    if isinstance(value, list):
        return any(map(_looks_compared, value))
    if isinstance(value, dict):
        return any(key.startswith("$") for key in value) or any(map(_looks_compared, value.values()))
    return False


def _answer(trajectory: Trajectory) -> ExpectedAnswer:
    """The claims and what they cite, or the text as a whole."""
    answer = trajectory.answer
    claims = answer.get("claims") if isinstance(answer, Mapping) else None
    if not claims:
        return ExpectedAnswer(contains=(trajectory.text,) if trajectory.text else ())
    cited = {citation["source"] for claim in claims for citation in claim["citations"]}
    sources = {source for source in cited if not source.startswith(STEP)}
    return ExpectedAnswer(claims=tuple(claim["text"] for claim in claims), cites=tuple(sorted(sources)))
