"""Messages as others record them, in OpenAI's or LangChain's form: who speaks, what, and which calls."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from state.schema import Json

Message: TypeAlias = Mapping[str, Json]

ROLES = {
    "assistant": "ai",
    "user": "human",
    "developer": "system",
    "function": "tool",
    "AIMessage": "ai",
    "AIMessageChunk": "ai",
    "HumanMessage": "human",
    "HumanMessageChunk": "human",
    "SystemMessage": "system",
    "SystemMessageChunk": "system",
    "ToolMessage": "tool",
    "ToolMessageChunk": "tool",
    "FunctionMessage": "tool",
}
"""What a role is called elsewhere → its name here: `ai`, `human`, `system` or `tool`."""


class Asked(NamedTuple):
    """A call, as a model asked for it."""

    tool: str
    args: Json
    """An object; the text as it was written where that is none."""
    id: str
    """Id as it was recorded; it may be empty, and it may repeat."""


def plain(message: Message) -> Message:
    """The fields of a message, out of LangChain's `dumpd` or `messages_to_dict` where it is wrapped."""
    if "lc" in message:
        fields = message.get("kwargs")
        name = message["id"][-1] if isinstance(message.get("id"), list) and message["id"] else ""
        return {"type": name, **fields} if isinstance(fields, Mapping) else message
    fields = message.get("data")
    if isinstance(fields, Mapping) and "content" not in message:
        return {"type": message.get("type"), **fields}
    return message


def role(message: Message) -> str:
    """Who speaks: `ai`, `human`, `system` or `tool`, or whatever else was recorded."""
    name = message.get("role") or message.get("type") or ""
    return ROLES.get(name, name) if isinstance(name, str) else ""


def text(message: Message) -> str:
    """What a message says; parts that are no text, such as images, are left out."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "".join(map(_part, content)) if isinstance(content, list) else ""


def asked(message: Message) -> list[Asked]:
    """The calls that an assistant's message asks for, in its order, malformed ones last."""
    calls = message.get("tool_calls")
    found = [_asked(call) for call in calls if isinstance(call, Mapping)] if isinstance(calls, list) else []
    if invalid := message.get("invalid_tool_calls"):
        found += [_asked(call) for call in invalid if isinstance(call, Mapping)]
    if isinstance(old := message.get("function_call"), Mapping):
        found.append(_asked({"function": old}))
    return found


def answers(calls: Sequence[Asked], results: Sequence[Message]) -> list[Message | None]:
    """Which of the tool messages that directly follow a turn belongs to which of its calls.

    Recorded ids repeat, also within a turn: the first free call with a message's id takes it, and messages
    that no id claims are taken in their order. A call without a message has None.
    """
    found: list[Message | None] = [None] * len(calls)
    if len(calls) == len(results) == 1:
        return list(results)
    left = []
    for result in results:
        wanted = result.get("tool_call_id")
        free = (at for at, call in enumerate(calls) if found[at] is None and call.id and call.id == wanted)
        at = next(free, None)
        if at is None:
            left.append(result)
        else:
            found[at] = result
    empty = [at for at, result in enumerate(found) if result is None]
    for at, result in zip(empty, left, strict=False):
        found[at] = result
    return found


def parsed(arguments: Json) -> Json:
    """Arguments as an object; the text itself where it is none."""
    if not isinstance(arguments, str):
        return {} if arguments is None else arguments
    try:
        value = json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments
    return value if isinstance(value, dict) else arguments


def first_line(error: str) -> str:
    """The first line of an error, which says what happened; never empty."""
    return error.strip().partition("\n")[0].rstrip() or "error"


def _asked(call: Mapping[str, Any]) -> Asked:
    function = call.get("function")
    if isinstance(function, Mapping):
        name, args = function.get("name"), function.get("arguments")
    else:
        name, args = call.get("name"), call.get("args", call.get("arguments"))
    names = (one if isinstance(one, str) else "" for one in (name, call.get("id")))
    return Asked(next(names), parsed(args), next(names))


def _part(part: Json) -> str:
    if isinstance(part, str):
        return part
    found = part.get("text") if isinstance(part, Mapping) else None
    return found if isinstance(found, str) else ""
