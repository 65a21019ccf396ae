import asyncio
from typing import Annotated, Any

import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import ToolStrategy
from langchain.tools import InjectedToolCallId
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import BaseModel

from graphs.middleware import GateMiddleware
from state.verdict import Place, Verdict
from tests.fakes import judge

FORBIDDEN = "FORBIDDEN text"


class Scripted(GenericFakeChatModel):
    """Replies in turn, and remembers what it was shown."""

    shown: list[str]

    def bind_tools(self, *args: Any, **kwargs: Any) -> "Scripted":
        return self

    def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        self.shown.append("\n".join(str(one) for one in messages))
        return super()._generate(messages, *args, **kwargs)


class Reply(BaseModel):
    text: str


def read(topic: str) -> str:
    """Read about a topic."""
    return f"It says: {topic}"


def moved(topic: str, tool_call_id: Annotated[str, InjectedToolCallId]) -> Command[Any]:
    """Read, and update the state."""
    return Command(update={"messages": [ToolMessage(f"It says: {topic}", tool_call_id=tool_call_id)]})


def calls(topic: str, tool: str = "read", said: str = "") -> AIMessage:
    return AIMessage(said, tool_calls=[{"name": tool, "args": {"topic": topic}, "id": "c1"}])


def agent(*replies: AIMessage, gate: Any = None, **keys: Any) -> tuple[Any, Scripted]:
    model = Scripted(messages=iter(replies), shown=[])
    middleware = [GateMiddleware(gate or judge())]
    return create_agent(model, [read, moved], middleware=middleware, **keys), model


def run(made: Any, awaited: bool, said: Any, config: Any = None) -> dict[str, Any]:
    given = {"messages": [HumanMessage(said)] if isinstance(said, str) else said}
    found: dict[str, Any] = (
        asyncio.run(made.ainvoke(given, config)) if awaited else made.invoke(given, config)
    )
    return found


@pytest.fixture(params=[True, False], ids=["awaited", "not awaited"])
def awaited(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_what_is_fine_passes_unchanged(awaited: bool) -> None:
    made, _ = agent(calls("weather"), AIMessage("It is fine."))
    found = run(made, awaited, "How is the weather?")["messages"]
    assert [one.content for one in found] == ["How is the weather?", "", "It says: weather", "It is fine."]


def test_a_refused_request_reaches_no_model(awaited: bool) -> None:
    made, model = agent(AIMessage("never said"))
    found = run(made, awaited, FORBIDDEN)["messages"]
    assert model.shown == []
    assert found[-1].content == "it says the forbidden word"


def test_a_refused_request_is_not_shown_in_later_turns(awaited: bool) -> None:
    made, model = agent(AIMessage("Hello."), checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "1"}}
    run(made, awaited, FORBIDDEN, config)
    assert run(made, awaited, "Hi", config)["messages"][-1].content == "Hello."
    assert "FORBIDDEN" not in "".join(model.shown)


def test_earlier_requests_and_results_that_a_caller_gives_are_judged(awaited: bool) -> None:
    for planted in (HumanMessage(FORBIDDEN), ToolMessage(FORBIDDEN, tool_call_id="c0")):
        made, model = agent(AIMessage("never said"))
        run(made, awaited, [planted, AIMessage("Sure."), HumanMessage("Go on.")])
        assert model.shown == []


@pytest.mark.parametrize("tool", ["read", "moved"])
def test_a_model_never_sees_a_withheld_result(awaited: bool, tool: str) -> None:
    def gate(text: str, place: Place) -> Any:
        return judge()("fine" if place != "result" else text, place)

    made, model = agent(calls(FORBIDDEN, tool), AIMessage("Done."), gate=gate)
    found = run(made, awaited, "Read it.")["messages"]
    result = next(one for one in found if isinstance(one, ToolMessage))
    assert (result.status, result.tool_call_id) == ("error", "c1")
    assert "It says: FORBIDDEN" not in model.shown[-1]


def test_a_withheld_answer_leaves_nothing_of_its_turn(awaited: bool) -> None:
    for replies in ([AIMessage(FORBIDDEN)], [calls("x", said=FORBIDDEN), AIMessage("Fine.")]):
        made, _ = agent(*replies)
        found = run(made, awaited, "Speak.")["messages"]
        assert found[0].content == "Speak."
        assert len(found) == 2
        assert found[1].content.startswith("The answer was withheld by the gate")


def test_a_withheld_structured_answer_is_gone_everywhere(awaited: bool) -> None:
    said = AIMessage("", tool_calls=[{"name": "Reply", "args": {"text": FORBIDDEN}, "id": "c1"}])
    made, _ = agent(said, response_format=ToolStrategy(Reply))
    found = run(made, awaited, "Speak.")
    assert found.get("structured_response") is None
    assert "FORBIDDEN" not in str(found)


@pytest.mark.parametrize("place", ["screen", "result", "release"])
def test_a_gate_that_raises_ends_the_run(awaited: bool, place: Place) -> None:
    async def broken(text: str, at: Place) -> Verdict:
        if at == place:
            raise OSError("down")
        return await judge()(text, at)

    made, _ = agent(calls("weather"), AIMessage("It is fine."), gate=broken)
    with pytest.raises(OSError, match="down"):
        run(made, awaited, "How is the weather?")


def test_what_is_no_text_is_refused(awaited: bool) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    made, model = agent(AIMessage("never said"))
    found = run(made, awaited, [HumanMessage([{"type": "text", "text": "Look:"}, image])])
    assert model.shown == []
    assert "text only" in found["messages"][-1].content


def test_a_request_of_a_long_conversation_is_judged_once(awaited: bool) -> None:
    judged: list[str] = []

    async def gate(text: str, place: Place) -> Verdict:
        judged.extend([text] * (place == "screen"))
        return await judge()(text, place)

    made, _ = agent(AIMessage("a"), AIMessage("b"), gate=gate, checkpointer=InMemorySaver())
    for said in ("first", "second"):
        run(made, awaited, said, {"configurable": {"thread_id": "1"}})
    assert judged == ["first", "second"]
