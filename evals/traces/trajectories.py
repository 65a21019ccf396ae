"""Trajectories, from the runs of a trace or from the messages of a conversation."""

from collections.abc import Iterator, Mapping, Sequence

from evals.traces import messages as said_by
from evals.traces.calls import calls_of, steps_of, tool_result
from evals.traces.conversations import source_of
from evals.traces.final import final_state, mappings, retrieved, violations
from evals.traces.messages import Message, first_line
from evals.traces.turns import turns
from evals.trajectory import Call, Effect, Trajectory
from state.schema import Json
from state.trace import Run
from state.usage import Usage


def trajectory_of_runs(runs: Sequence[Run], effects: Mapping[str, Effect] | None = None) -> Trajectory:
    """What an agent did, of any LangGraph graph or LangChain chain.

    Give the runs of one trace; or those of several, where a run stopped to ask and was resumed in the same
    thread: then it is one trajectory, from the first question to the last answer. A run that waits for a
    human has ended by itself, with the outcome `needs_approval` or `needs_input`.

    Args:
        runs: At least one run.
        effects: Tool → what it does to the world.

    Raises:
        ValueError: there are no runs.
    """
    if not runs:
        raise ValueError("A trajectory needs at least one run.")
    runs = sorted(runs, key=lambda run: run.dotted_order)
    roots = _roots(runs)
    first, last = roots[0], roots[-1]
    final = [run for run in runs if run.trace_id == last.trace_id]
    state = final_state(roots, runs)
    said = tuple(text for root in roots for text in _said(root, runs))
    return Trajectory(
        id=first.trace_id,
        input=_input(first.inputs, state),
        calls=calls_of(runs, effects or {}),
        said=said,
        answer=_answer(state, said),
        outcome=_outcome(last, final),
        ended=last.status in {"ok", "interrupted"},
        error=first_line(last.error) if last.status == "error" and last.error else None,
        plan=plan if isinstance(plan := state.get("plan"), Mapping) and "steps" in plan else None,
        retrieved=retrieved(state, runs),
        verdicts=tuple(mappings(state.get("verdicts"))),
        violations=violations(state),
        usage=_usage(runs),
        seconds=_seconds(roots),
        steps=steps_of(runs),
        stamp=stamp if isinstance(stamp := last.metadata.get("stamp"), Mapping) else {},
    )


def trajectory_of_messages(
    messages: Sequence[Message], *, trace_id: str = "", effects: Mapping[str, Effect] | None = None
) -> Trajectory:
    """What an agent did, from messages in OpenAI's or LangChain's form.

    Calls get new ids by their position, since recorded ones repeat; the tool messages directly after an
    assistant's turn are its results.
    """
    known = effects or {}
    calls: list[Call] = []
    said: list[str] = []
    counted: list[Json] = []
    spoken = 0
    for spoken, (_, message, wanted, results) in enumerate(turns(messages), 1):
        if spent := message.get("usage_metadata"):
            counted.append(spent)
        if text := said_by.text(message):
            said.append(text)
        for call, at in zip(wanted, results, strict=True):
            output, error = (None, None) if at is None else tool_result(messages[at])
            name = f"call_{len(calls) + 1}"
            calls.append(Call(call.tool, call.args, output, error, spoken, known.get(call.tool), name))
    return Trajectory(
        id=trace_id,
        input=_question(messages),
        calls=tuple(calls),
        said=tuple(said),
        answer=said[-1] if said else None,
        usage=_total(counted, spoken),
        steps=spoken,
    )


def _total(counted: Sequence[Json], turns: int) -> Usage:
    """What the turns spent; the price of those that do not say what they spent is not known."""
    silent = turns - len(counted)
    return sum(map(_spent, counted), Usage(model_calls=silent, cost_usd=None if silent else 0.0))


def _roots(runs: Sequence[Run]) -> list[Run]:
    """The first run of each trace; a parent that was not recorded does not count."""
    roots: dict[str, Run] = {}
    for run in runs:
        roots.setdefault(run.trace_id, run)
    return list(roots.values())


def _question(messages: Sequence[Message]) -> Json:
    """What was asked before the agent first spoke: a text, or messages where it is more; the system aside."""
    begun: list[Message] = []
    for each in messages:
        message, speaker = said_by.spoken(each)
        if speaker == "ai":
            break
        if speaker != "system":
            begun.append(message)
    if len(begun) == 1 and isinstance(begun[0].get("content") or "", str):
        return begun[0].get("content") or ""
    return {"messages": [said_by.langchain(message) for message in begun]} if begun else None


def _input(inputs: Mapping[str, Json], state: Mapping[str, Json]) -> Json:
    """A question as its text; anything else as it was given. What resumes a run is no question."""
    if isinstance(command := inputs.get("value"), Mapping) and "resume" in command:
        asked = [
            one for one in mappings(state.get("messages")) if said_by.role(said_by.plain(one)) == "human"
        ]
        return _question(asked[-1:]) if asked else dict(inputs)
    messages = inputs.get("messages")
    if not isinstance(messages, list) or any(v for name, v in inputs.items() if name != "messages"):
        return dict(inputs)
    found = list(mappings(messages))
    return _question(found) if len(found) == len(messages) else dict(inputs)


def _said(root: Run, runs: Sequence[Run]) -> list[str]:
    """What the agent said in this trace: messages that its nodes added, else what its models answered."""
    final = [run for run in runs if run.trace_id == root.trace_id]
    messages = [said_by.plain(one) for one in mappings(final_state([root], final).get("messages"))]
    if source_of(root):
        spoken = messages[len(root.inputs["messages"]) :]
    else:
        spoken = _new(messages, root.inputs) if messages else list(_generated(final))
    return [text for one in spoken if said_by.role(one) == "ai" and (text := said_by.text(one))]


def _new(messages: list[Message], inputs: Mapping[str, Json]) -> list[Message]:
    """The messages after the one that was given last; a thread's state holds those of earlier turns too."""
    given = [said_by.plain(one) for one in mappings(inputs.get("messages"))]
    spoken = [(said_by.role(one), said_by.text(one)) for one in messages]
    last = (said_by.role(given[-1]), said_by.text(given[-1])) if given else None
    after = [at for at, one in enumerate(spoken) if one == last or (last is None and one[0] == "human")]
    return messages[after[-1] + 1 :] if after else messages


def _generated(runs: Sequence[Run]) -> Iterator[Message]:
    for run in runs:
        if run.run_type != "llm" or not isinstance(run.outputs, Mapping):
            continue
        batches = run.outputs.get("generations")
        for batch in batches if isinstance(batches, list) else ():
            for one in mappings(batch if isinstance(batch, list) else [batch]):
                yield said_by.plain(one.get("message") or {"type": "ai", "content": one.get("text")})


def _answer(state: Mapping[str, Json], said: Sequence[str]) -> Json:
    answer = state.get("answer")
    if (isinstance(answer, str) and answer) or (isinstance(answer, Mapping) and "text" in answer):
        return answer
    return said[-1] if said else None


def _outcome(root: Run, runs: Sequence[Run]) -> str | None:
    if isinstance(outcome := root.metadata.get("outcome"), str):
        return outcome
    return "needs_input" if any(run.status == "interrupted" for run in runs) else None


def _usage(runs: Sequence[Run]) -> Usage:
    total = Usage()
    for run in runs:
        if run.run_type == "llm":
            total += _spent(run.metadata.get("usage_metadata"))
    return total


def _spent(counted: Json) -> Usage:
    """The tokens of one model call; what used none cost nothing, and what was not counted, nobody knows."""
    if not isinstance(counted, Mapping):
        return Usage(model_calls=1, cost_usd=None)
    given, answered = (_tokens(counted.get(name)) for name in ("input_tokens", "output_tokens"))
    cost = counted.get("total_cost")
    cost = cost if isinstance(cost, int | float) and cost >= 0 else None
    free = 0.0 if not given and not answered else None
    return Usage(
        model_calls=1, input_tokens=given, output_tokens=answered, cost_usd=free if cost is None else cost
    )


def _tokens(count: Json) -> int:
    return count if isinstance(count, int) and count > 0 else 0


def _seconds(roots: Sequence[Run]) -> float | None:
    """Together, without the time in between, in which a human thought; nobody timed a conversation."""
    spans = [None if source_of(root) else root.seconds for root in roots]
    known = [span for span in spans if span is not None]
    return sum(known) if len(known) == len(spans) else None
