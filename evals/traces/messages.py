"""Messages as others record them, in OpenAI's or LangChain's form: who speaks, what, and which calls."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from pydantic_core import from_json

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

OPENAI = {"ai": "assistant", "human": "user"}
LANGCHAIN = (
    "name",
    "id",
    "tool_call_id",
    "status",
    "usage_metadata",
    "response_metadata",
    "additional_kwargs",
)
"""Fields of LangChain's messages that are kept as they are."""


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
        return {"type": name, **fields} if isinstance(fields, dict) else message
    fields = message.get("data")
    if isinstance(fields, dict) and "content" not in message:
        return {"type": message.get("type"), **fields}
    return message


def spoken(message: Message) -> tuple[Message, str]:
    """The plain fields of a message, and who speaks; quick for OpenAI's form, which most have."""
    name = message.get("role")
    if name and type(name) is str and "lc" not in message and "data" not in message:
        return message, ROLES.get(name, name)
    fields = plain(message)
    return fields, role(fields)


def role(message: Message) -> str:
    """Who speaks: `ai`, `human`, `system` or `tool`, or whatever else was recorded."""
    name = message.get("role") or message.get("type") or ""
    return ROLES.get(name, name) if isinstance(name, str) else ""


def is_message(value: Json) -> bool:
    """Whether a JSON value looks like a message."""
    if not isinstance(value, dict):
        return False
    return role(plain(value)) in {"ai", "human", "system", "tool"} and "run_type" not in value


def text(message: Message) -> str:
    """What a message says; parts that are no text, such as images, are left out."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "".join(map(_part, content)) if isinstance(content, list) else ""


def asked(message: Message) -> list[Asked]:
    """The calls that an assistant's message asks for, in its order, malformed ones last."""
    calls = message.get("tool_calls")
    found = [_asked(call) for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    if invalid := message.get("invalid_tool_calls"):
        found += [_asked(call) for call in invalid if isinstance(call, dict)]
    if isinstance(old := message.get("function_call"), dict):
        found.append(_asked({"function": old}))
    return found


def langchain(message: Message, calls: Sequence[Asked] | None = None) -> dict[str, Json]:
    """The message in LangChain's plain form, in which traces hold messages; `content` is always there.

    Args:
        message: In any form.
        calls: What it asks for, where that is to be written differently.
    """
    fields = plain(message)
    kept = {name: value for name, value in fields.items() if name in LANGCHAIN and value}
    form = {"type": role(fields), "content": fields.get("content") or "", **kept}
    calls = asked(fields) if calls is None else calls
    good = [_call(call, "tool_call") for call in calls if isinstance(call.args, dict)]
    bad = [_call(call, "invalid_tool_call") for call in calls if not isinstance(call.args, dict)]
    return form | ({"tool_calls": good} if good else {}) | ({"invalid_tool_calls": bad} if bad else {})


def openai(message: Message) -> dict[str, Json]:
    """The message in OpenAI's form; arguments become a text."""
    fields = plain(message)
    speaker = role(fields)
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.tool, "arguments": _written(call.args)}}
        for call in asked(fields)
    ]
    kept = {name: fields[name] for name in ("name", "tool_call_id") if fields.get(name)}
    content = fields.get("content") or (None if calls else "")
    return {"role": OPENAI.get(speaker, speaker), "content": content, **kept} | (
        {"tool_calls": calls} if calls else {}
    )


def parsed(arguments: Json) -> Json:
    """Arguments as an object; the text itself where it is none."""
    if not isinstance(arguments, str):
        return (
            {} if arguments is None else arguments if isinstance(arguments, dict) else json.dumps(arguments)
        )
    value = _read(arguments)
    return value if isinstance(value, dict) else arguments


def _read(text: str) -> Json:
    """JSON, or None: by the faster parser, and where it refuses, by Python's, which takes lone surrogates."""
    try:
        return from_json(text)
    except ValueError:
        pass
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def first_line(error: str) -> str:
    """The first line of an error, which says what happened; never empty."""
    return error.strip().partition("\n")[0].rstrip() or "error"


def _call(call: Asked, kind: str) -> dict[str, Json]:
    wrong = {"error": None} if kind == "invalid_tool_call" else {}
    return {"name": call.tool, "args": call.args, "id": call.id, "type": kind, **wrong}


def _written(args: Json) -> str:
    return args if isinstance(args, str) else json.dumps(args, ensure_ascii=False)


def _asked(call: Mapping[str, Any]) -> Asked:
    function = call.get("function")
    if isinstance(function, dict):
        name, args = function.get("name"), function.get("arguments")
    else:
        name, args = call.get("name"), call.get("args", call.get("arguments"))
    names = (one if isinstance(one, str) else "" for one in (name, call.get("id")))
    return Asked(next(names), parsed(args), next(names))


def _part(part: Json) -> str:
    if isinstance(part, str):
        return part
    found = part.get("text") if isinstance(part, dict) else None
    return found if isinstance(found, str) else ""
