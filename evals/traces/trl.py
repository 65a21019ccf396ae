"""Messages in the conversational form of TRL, https://huggingface.co/docs/trl/dataset_formats.

Arguments of calls are objects, and a tool's message has the name of the tool.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from evals.traces.conversations import source_of
from evals.traces.messages import Message, asked, plain, role, text
from evals.traces.turns import Turn, turns
from state.schema import Json
from state.trace import Run

ROLES = {"ai": "assistant", "human": "user", "system": "system", "tool": "tool"}
TrainedMessage: TypeAlias = dict[str, Json]


class UnfitError(ValueError):
    """Why a trace cannot be trained on."""


def trained(messages: Sequence[Message]) -> list[TrainedMessage]:
    """Messages as TRL takes them, up to the last one by the assistant.

    Raises:
        UnfitError: they cannot be trained on, with the reason.
    """
    rest = [plain(message) for message in messages]
    if unknown := [speaker for one in rest if (speaker := role(one)) not in ROLES]:
        raise UnfitError(f"a message by {unknown[0] or 'nobody'}")
    of_turn = {turn.at: turn for turn in turns(rest)}
    found: list[TrainedMessage] = []
    for at, message in enumerate(rest):
        if role(message) != "tool":
            found.append(_message(message))
            found += _results(of_turn[at], rest) if at in of_turn else ()
    if sum(message["role"] == "tool" for message in found) != sum(role(one) == "tool" for one in rest):
        raise UnfitError("results without calls")
    while found and found[-1]["role"] != "assistant":
        found.pop()
    if not found:
        raise UnfitError("nothing said by the assistant")
    return found


def prompt_of(messages: Sequence[TrainedMessage]) -> list[TrainedMessage]:
    """What stands before the assistant first speaks."""
    first = next((at for at, one in enumerate(messages) if one["role"] == "assistant"), len(messages))
    return list(messages[:first])


def compared(
    better: Sequence[TrainedMessage], worse: Sequence[TrainedMessage]
) -> dict[str, list[TrainedMessage]] | None:
    """The prompt that both share, and what each does next until the user speaks; None if it is the same."""
    pairs = zip(better, worse, strict=False)
    shared = next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(better), len(worse)))
    while shared and not (_acts(better, shared) and _acts(worse, shared)):
        shared -= 1  # what differs may be a result, which belongs to the turn that called
    chosen, rejected = (_until_the_user(messages[shared:]) for messages in (better, worse))
    if chosen == rejected:
        return None
    return {"prompt": list(better[:shared]), "chosen": chosen, "rejected": rejected}


def tools_of(runs: Sequence[Run]) -> list[Json]:
    """Definitions of the tools that the model was given, where the trace holds them."""
    record = source_of(runs[0]).get("record")
    found = record.get("tools") if isinstance(record, Mapping) else None
    calls = (run.extra.get("invocation_params") for run in runs if run.run_type == "llm")
    given = [found, *(call.get("tools") for call in calls if isinstance(call, Mapping))]
    return next((list(map(_function, one)) for one in given if isinstance(one, list) and one), [])


def _function(tool: Json) -> Json:
    """A definition in OpenAI's form; Anthropic's has other names."""
    if not isinstance(tool, Mapping) or "function" in tool or "input_schema" not in tool:
        return tool
    named = {name: tool[name] for name in ("name", "description") if name in tool}
    return {"type": "function", "function": {**named, "parameters": tool["input_schema"]}}


def _message(message: Message) -> TrainedMessage:
    content = message.get("content")
    if isinstance(content, list) and not all(_is_text(part) for part in content):
        raise UnfitError("parts that are no text")
    calls = asked(message)
    if not all(isinstance(call.args, dict) for call in calls):
        raise UnfitError("malformed arguments")
    functions = [{"name": call.tool, "arguments": call.args} for call in calls]
    plain_form: dict[str, Json] = {"role": ROLES[role(message)], "content": text(message)}
    wanted = [{"type": "function", "function": function} for function in functions]
    return {**plain_form, "tool_calls": wanted} if calls else plain_form


def _is_text(part: Json) -> bool:
    return isinstance(part, str) or (isinstance(part, Mapping) and part.get("type") in {"text", "tool_use"})


def _results(turn: Turn, messages: Sequence[Message]) -> Iterator[TrainedMessage]:
    for call, at in zip(turn.calls, turn.results, strict=True):
        if at is not None:
            yield {"role": "tool", "name": call.tool, "content": text(messages[at])}
        elif turn.at < len(messages) - 1:
            raise UnfitError("calls without results")


def _acts(messages: Sequence[TrainedMessage], at: int) -> bool:
    return at < len(messages) and messages[at]["role"] == "assistant"


def _until_the_user(messages: Sequence[TrainedMessage]) -> list[TrainedMessage]:
    first = next((at for at, one in enumerate(messages) if one["role"] == "user"), len(messages))
    return list(messages[:first])
