"""The gate for agents of LangChain's `create_agent`: screen, tool results, release.

    create_agent(model, tools, middleware=[gate_middleware(), …])

Named first it screens before anything else, sees a tool's result after all others have changed it, and
releases last. A stream of tokens leaves before `release` has judged: give out the final state.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState, ToolCallRequest, hook_config
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    RemoveMessage,
    ToolMessage,
    convert_to_messages,
)
from langgraph.runtime import Runtime
from langgraph.types import Command
from pydantic import BaseModel

from graphs.waited import waited
from nodes.gate import Judge
from state.canonical import canonical, digest_text
from state.verdict import Place

Given = ToolMessage | Command[Any]
State = AgentState[Any]

REMEMBERED = 10_000
"""Requests that passed, by digest: those of a long conversation are judged once."""
THOUGHTS = frozenset({"reasoning", "thinking", "redacted_thinking", "tool_use", "tool_call"})
"""Parts of a model's message that are judged as they stand."""
UNREAD = "The gate reads text only, and the message holds something else."
UNASKED = "This message was withheld by the gate."
UNSEEN = "The result of {tool} was withheld by the gate: {reason}"
UNRELEASED = "The answer was withheld by the gate: {reason} Ask differently, or have the source corrected."


class GateMiddleware(AgentMiddleware[State, Any, Any]):
    """Judges what users say, what tools give and what the agent answers; a gate that raises ends the run.

    There is no typed extraction here and nobody who could be asked: all that is neither allowed nor flagged
    is withheld. Of a tool's `Command` the messages are judged, and no other state that it updates.
    """

    def __init__(self, judge: Judge) -> None:
        super().__init__()
        self._judge = judge
        self._passed = dict[str, None]()

    @hook_config(can_jump_to=["end"])
    async def abefore_agent(self, state: State, runtime: Runtime[Any]) -> dict[str, Any] | None:  # noqa: ARG002
        """Judge all that users said and callers gave; a refusal ends the run before a model is called.

        What was refused is taken out of the conversation, so that no later turn shows it to a model.
        """
        for message in state["messages"]:
            place: Place = "result" if isinstance(message, ToolMessage) else "screen"
            reason = (
                await self._once(message, place) if isinstance(message, HumanMessage | ToolMessage) else None
            )
            if reason is not None:
                kept = message.model_copy(update={"content": UNASKED, "additional_kwargs": {}})
                if isinstance(kept, ToolMessage):
                    kept.artifact = None
                return {"messages": [kept, AIMessage(reason)], "jump_to": "end"}
        return None

    @hook_config(can_jump_to=["end"])
    def before_agent(self, state: State, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """The same for agents that are not awaited."""
        return waited(self.abefore_agent(state, runtime))

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Given]]
    ) -> Given:
        """Judge a result before a model sees it; in the place of what is withheld stands the reason."""
        return await self._result(request, await handler(request))

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Given]) -> Given:
        """The same for agents that are not awaited."""
        return waited(self._result(request, handler(request)))

    async def aafter_agent(self, state: State, runtime: Runtime[Any]) -> dict[str, Any] | None:  # noqa: ARG002
        """Judge all that the agent said in this turn; if any of it is withheld, all of the turn goes."""
        turn = _turn(state["messages"])
        structured: object = state.get("structured_response")
        reasons = [await self._withheld(one, "release") for one in turn if isinstance(one, AIMessage)]
        if structured is not None:
            reasons.append(await self._reason(canonical(_plain(structured)), "release"))
        reason = next((one for one in reasons if one is not None), None)
        if reason is None:
            return None
        gone: list[BaseMessage] = [RemoveMessage(id=str(one.id)) for one in turn]
        said = AIMessage(UNRELEASED.format(reason=reason))
        return {"messages": [*gone, said], "structured_response": None}

    def after_agent(self, state: State, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """The same for agents that are not awaited."""
        return waited(self.aafter_agent(state, runtime))

    async def _result(self, request: ToolCallRequest, given: Given) -> Given:
        call = request.tool_call
        name, refused = (
            call["name"],
            ToolMessage("", tool_call_id=call["id"], name=call["name"], status="error"),
        )
        if isinstance(given, ToolMessage):
            reason = await self._withheld(given, "result")
            return given if reason is None else _because(refused, name, reason)
        if given.update is None:
            return given
        if not isinstance(given.update, Mapping):
            return _because(refused, name, UNREAD)
        said = given.update.get("messages", ())
        for message in convert_to_messages(
            said if isinstance(said, Sequence) and not isinstance(said, str) else [said]
        ):
            if (reason := await self._withheld(message, "result")) is not None:
                return _because(refused, name, reason)
        return given

    async def _once(self, message: BaseMessage, place: Place) -> str | None:
        key = digest_text(f"{place} {canonical(message.content)}")
        if key in self._passed:
            return None
        reason = await self._withheld(message, place)
        if reason is None:
            self._passed[key] = None
            while len(self._passed) > REMEMBERED:
                self._passed.pop(next(iter(self._passed)), None)
        return reason

    async def _withheld(self, message: BaseMessage, place: Place) -> str | None:
        if isinstance(message, RemoveMessage):
            return None
        text = _text(message)
        return UNREAD if text is None else await self._reason(text, place)

    async def _reason(self, text: str, place: Place) -> str | None:
        verdict = await self._judge(text, place)
        return verdict.reason if verdict.withholds else None


def gate_middleware() -> GateMiddleware:
    """The gate of the settings and their policy.

    Raises:
        UsageError: the policy or a classifier cannot be used.
    """
    from graphs import gate
    from graphs.parts import gating
    from state.policy import load_policy
    from state.settings import settings

    return GateMiddleware(gate.judge(gating(settings(), load_policy(settings().policy))))


def _text(message: BaseMessage) -> str | None:
    """All of a message; None if a part of it is no text."""
    if isinstance(message.content, str):
        return message.content
    parts = [_part(part, isinstance(message, AIMessage)) for part in message.content]
    return None if None in parts else "\n".join(str(part) for part in parts)


def _part(part: Any, of_model: bool) -> str | None:  # noqa: ANN401 - as a provider gives it
    if isinstance(part, str):
        return part
    if part.get("type") == "text" and isinstance(part.get("text"), str):
        return str(part["text"])
    return canonical(part) if of_model and part.get("type") in THOUGHTS else None


def _turn(messages: Iterable[BaseMessage]) -> list[BaseMessage]:
    """What came after the last message of a user."""
    found: list[BaseMessage] = []
    for message in messages:
        found = [] if isinstance(message, HumanMessage) else [*found, message]
    return found


def _because(message: ToolMessage, tool: str, reason: str) -> ToolMessage:
    return message.model_copy(update={"content": UNSEEN.format(tool=tool, reason=reason)})


def _plain(value: Any) -> Any:  # noqa: ANN401 - the caller's own type
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
