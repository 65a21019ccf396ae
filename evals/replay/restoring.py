"""Restoring: messages out of the plain JSON that a trace keeps of them."""

from typing import Any

from langchain_core.messages import BaseMessage, messages_from_dict
from pydantic import ValidationError

from state.schema import Json

TYPES = {"human", "ai", "system", "tool", "function", "chat", "remove", "AIMessageChunk", "HumanMessageChunk"}


def messages_in(value: Json, tool_call_id: str | None = None) -> Any:  # noqa: ANN401  plain JSON and messages
    """The same value, with a message wherever it has the fields of one.

    Args:
        value: Plain JSON.
        tool_call_id: The call that tool messages answer, where it is another one than was recorded.
    """
    if isinstance(value, list):
        return [messages_in(one, tool_call_id) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") in TYPES and "content" in value and (found := _message(value)):
        renamed = tool_call_id and found.type == "tool"
        return found.model_copy(update={"tool_call_id": tool_call_id}) if renamed else found
    return {name: messages_in(one, tool_call_id) for name, one in value.items()}


def _message(fields: dict[str, Json]) -> BaseMessage | None:
    try:
        return messages_from_dict([{"type": fields["type"], "data": fields}])[0]
    except (ValidationError, ValueError, TypeError, KeyError):
        return None
