"""Replies: what a recorded call gives back, in the form in which LangChain's classes expect it."""

from collections.abc import Iterator
from typing import Any

from langchain_core.documents import Document
from langchain_core.messages import AIMessage, AIMessageChunk, ToolMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk
from langgraph.types import Command, Send
from pydantic import ValidationError

from evals.replay.asking import ask_again
from evals.replay.failures import exception
from evals.replay.recording import Recorded
from evals.replay.restoring import messages_in
from models.tape import reply_of
from state.canonical import canonical
from state.schema import Json

COMMAND = {"graph", "update", "resume", "goto"}


def raised(call: Recorded) -> None:
    """Fail as the recorded call did, if it did; one that stopped to ask asks again."""
    ask_again(call)
    if call.run.error is not None:
        raise exception(call.run.error)


def message(call: Recorded) -> AIMessage:
    """The reply of a model."""
    raised(call)
    found = reply_of((call.run.outputs or {})["generations"])
    return AIMessage(**found.model_dump(exclude={"type", "tool_call_chunks", "chunk_position"}))


def text(call: Recorded) -> str:
    """The reply of a completion model."""
    raised(call)
    return str((call.run.outputs or {})["generations"][0][0]["text"])


def chunks(reply: AIMessage) -> Iterator[ChatGenerationChunk]:
    """The reply as a stream."""
    content = reply.content
    words = content.split(" ") if isinstance(content, str) else []
    for nth, word in enumerate(words[:-1]):
        yield ChatGenerationChunk(message=AIMessageChunk(content=f" {word}" if nth else word))
    last = f" {words[-1]}" if len(words) > 1 else content
    calls = [
        tool_call_chunk(name=call["name"], args=canonical(call["args"]), id=call["id"], index=index)
        for index, call in enumerate(reply.tool_calls)
    ]
    broken = [
        tool_call_chunk(name=call["name"], args=call["args"], id=call["id"], index=len(calls) + index)
        for index, call in enumerate(reply.invalid_tool_calls)
    ]
    kept = reply.model_dump(include={"additional_kwargs", "response_metadata", "usage_metadata"})
    yield ChatGenerationChunk(message=AIMessageChunk(content=last, tool_call_chunks=calls + broken, **kept))


def output(call: Recorded, tool_call_id: str | None) -> Any:  # noqa: ANN401  a tool gives anything
    """What a tool gave; a message of it answers the call that is being answered."""
    raised(call)
    return _restored((call.run.outputs or {}).get("output"), tool_call_id)


def documents(call: Recorded) -> list[Document]:
    """What was retrieved."""
    raised(call)
    found = (call.run.outputs or {}).get("documents") or ()
    kept = ("id", "metadata", "page_content")
    return [Document(**{name: one[name] for name in kept if one.get(name) is not None}) for one in found]


def _restored(value: Json, tool_call_id: str | None) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return [_restored(one, tool_call_id) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") == "tool" and "content" in value:
        return _tool_message(value, tool_call_id)
    if value.keys() == COMMAND:
        return command(value, tool_call_id)
    return value


def _tool_message(fields: dict[str, Json], tool_call_id: str | None) -> ToolMessage | dict[str, Json]:
    try:
        found = ToolMessage(**{name: item for name, item in fields.items() if name != "type"})
    except (ValidationError, TypeError):
        return fields
    return found.model_copy(update={"tool_call_id": tool_call_id}) if tool_call_id else found


def command(fields: dict[str, Json], tool_call_id: str | None = None) -> Command[Any]:
    """A recorded command."""
    goto = fields["goto"]
    update = messages_in(fields["update"], tool_call_id)
    return Command(graph=fields["graph"], update=update, resume=fields["resume"], goto=_goto(goto))


def _goto(goto: Json) -> Any:  # noqa: ANN401
    if isinstance(goto, dict):
        return Send(goto["node"], messages_in(goto["arg"]))
    return [_goto(one) for one in goto] if isinstance(goto, list) else goto
