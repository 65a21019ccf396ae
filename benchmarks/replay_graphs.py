"""Graphs of five shapes, scripted and with tripwires, whose runs are recorded and replayed."""

# ruff: noqa: ANN401  LangChain's signatures

import asyncio
import operator
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Annotated, Any, TypeAlias, TypedDict

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, ToolException, tool
from langgraph.graph import END, START, StateGraph, add_messages
from langgraph.prebuilt import ToolNode, tools_condition
from langgraph.types import Send, interrupt
from pydantic import BaseModel

LIVE: Counter[str] = Counter()
"""Live calls, by what was called."""


def touched(name: str) -> None:
    """Count a live call, and try to reach the outside."""
    LIVE[name] += 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire, suppress(OSError):
        wire.connect(("127.0.0.1", 9))


@tool
def add(a: float, b: float) -> float:
    """Add two numbers."""
    touched("add")
    return a + b


@tool
async def look_up(key: str, limit: int = 3) -> dict[str, Any]:
    """Look a key up."""
    touched("look_up")
    await asyncio.sleep(0)
    return {"key": key, "found": [f"{key}-{n}" for n in range(limit)]}


@tool(response_format="content_and_artifact")
def draw(shape: str) -> tuple[str, dict[str, Any]]:
    """Draw a shape."""
    touched("draw")
    return f"a {shape}", {"svg": f"<{shape}/>"}


@tool
def refuse(why: str) -> str:
    """Fail."""
    touched("refuse")
    raise ValueError(f"not {why}")


class Weigh(BaseTool):
    """A tool of a class of its own, whose failure is told to the model."""

    name: str = "weigh"
    description: str = "Weigh a thing."
    handle_tool_error: bool = True

    def _run(self, thing: str) -> str:
        touched("weigh")
        if thing.endswith("3"):
            raise ToolException(f"{thing} is too heavy")
        return f"{len(thing)} kg"


class Finder(BaseRetriever):
    """Finds one document for every query."""

    def _get_relevant_documents(self, query: str, **_kwargs: Any) -> list[Document]:
        touched("finder")
        return [Document(f"about {query}", id=query, metadata={"source": "a.md"})]


TOOLS = [add, look_up, draw, refuse, Weigh()]
Built: TypeAlias = Any  # StateGraph, whose node functions LangGraph types by overloads
Script: TypeAlias = Callable[[Sequence[BaseMessage]], AIMessage]


class Scripted(BaseChatModel):
    """A deterministic model: a function of its prompt; it can stream."""

    script: Script
    streams: bool = False

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **_options: Any) -> Any:
        """The tools are known to the script."""
        return self.bind(tools=[one.name for one in tools])

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_options: Any
    ) -> ChatResult:
        touched("model")
        return ChatResult(generations=[ChatGeneration(message=self.script(messages))])


class Streaming(Scripted):
    """The same, in pieces."""

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: Any = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_options: Any,
    ) -> Iterator[ChatGenerationChunk]:
        touched("model")
        reply = self.script(messages)
        yield ChatGenerationChunk(message=AIMessageChunk(**reply.model_dump(exclude={"type"})))


class State(TypedDict, total=False):
    """State of every graph here."""

    messages: Annotated[list[AnyMessage], add_messages]
    found: Annotated[list[str], operator.add]
    seed: int


def asked(name: str, args: dict[str, Any], id_: str) -> dict[str, Any]:
    """A tool call."""
    return {"name": name, "args": args, "id": id_, "type": "tool_call"}


def _turns(messages: Sequence[BaseMessage]) -> AIMessage:
    """Two turns of calls, then an answer; recorded ids repeat, as providers' do."""
    topic = str(messages[0].content)
    turns = sum(message.type == "ai" for message in messages)
    if turns == 0:
        calls = [asked("add", {"a": len(topic), "b": 2}, "c1"), asked("draw", {"shape": topic}, "c2")]
        return AIMessage("Let me see.", tool_calls=calls)
    if turns == 1:
        calls = [asked("look_up", {"key": topic, "limit": 2}, "c1"), asked("weigh", {"thing": topic}, "c2")]
        return AIMessage("", tool_calls=calls)
    if turns == 2 and topic.endswith("5"):
        return AIMessage("", tool_calls=[asked("refuse", {"why": topic}, "c1")])
    return AIMessage(f"Done: {messages[-1].content}")


def tool_node(seed: int) -> Built:
    """Tools that a ToolNode calls."""
    kind = Streaming if seed % 2 else Scripted
    model = kind(script=_turns).bind_tools(TOOLS)

    async def agent(state: State) -> State:
        if seed % 3 == 0:
            pieces = [piece async for piece in model.astream(state["messages"])]
            whole = pieces[0]
            for piece in pieces[1:]:
                whole += piece
            return {"messages": [AIMessage(whole.content, tool_calls=whole.tool_calls)]}
        return {"messages": [await model.ainvoke(state["messages"])]}

    built: Any = StateGraph(State)
    built.add_node("agent", agent)
    built.add_node("tools", ToolNode(TOOLS, handle_tool_errors=True))
    built.add_edge(START, "agent")
    built.add_conditional_edges("agent", tools_condition)
    built.add_edge("tools", "agent")
    return built


class Plan(BaseModel):
    """What a model is asked for."""

    key: str


def direct(seed: int) -> Built:
    """Tools that a node calls itself, sync and async, one of which fails."""

    def plan(messages: Sequence[BaseMessage]) -> AIMessage:
        return AIMessage("", tool_calls=[asked("Plan", {"key": f"k{len(messages)}-{seed}"}, "p1")])

    def first(state: State) -> State:
        chosen = Scripted(script=plan).invoke(state["messages"]).tool_calls[0]["args"]["key"]
        total = add.invoke({"a": seed, "b": 1})
        total = add.invoke({"a": total, "b": 1})
        Finder().invoke(chosen)
        return {"found": [f"{total} {chosen}"]}

    async def second(state: State) -> State:
        try:
            await refuse.ainvoke({"why": state["found"][-1]})
        except ValueError as error:
            told = str(error)
        looked = await asyncio.gather(*(look_up.ainvoke({"key": f"{seed}-{n}"}) for n in range(3)))
        return {"found": [told, *(one["found"][0] for one in looked)]}

    built: Any = StateGraph(State)
    built.add_node("first", first)
    built.add_node("second", second)
    built.add_edge(START, "first")
    built.add_edge("first", "second")
    built.add_edge("second", END)
    return built


def subgraph(seed: int) -> Built:
    """Tools in a graph within a graph, entered twice."""
    inner = tool_node(seed + 1).compile()

    async def outer(_state: State, config: RunnableConfig) -> State:
        once = await inner.ainvoke({"messages": [("user", f"sub {seed}")]})
        drawn = await draw.ainvoke({"shape": f"s{seed}"}, config)
        again = await inner.ainvoke({"messages": [("user", f"again {seed}")]})
        return {"found": [str(once["messages"][-1].content), drawn, str(again["messages"][-1].content)]}

    built: Any = StateGraph(State)
    built.add_node("outer", outer)
    built.add_node("inner", inner)
    built.add_edge(START, "outer")
    built.add_edge("outer", "inner")
    return built


def parallel(seed: int) -> Built:
    """Tools in parallel tasks, some of which call the same."""

    def spread(_state: State) -> list[Send]:
        return [Send("sync" if n % 2 else "later", {"seed": seed, "n": n}) for n in range(4 + seed % 3)]

    def sync(state: dict[str, int]) -> State:
        same = add.invoke({"a": 1, "b": 1})
        return {"found": [f"{same} {add.invoke({'a': state['n'], 'b': state['seed']})}"]}

    async def later(state: dict[str, int]) -> State:
        await look_up.ainvoke({"key": "same"})
        reply = await Scripted(script=lambda m: AIMessage(f"<{m[-1].content}>")).ainvoke(f"n{state['n']}")
        looked = await look_up.ainvoke({"key": str(reply.content)})
        return {"found": looked["found"]}

    built: Any = StateGraph(State)
    built.add_node("sync", sync)
    built.add_node("later", later)
    built.add_conditional_edges(START, spread, ["sync", "later"])
    return built


def interrupted(seed: int) -> Built:
    """A run that stops to ask, and goes on in a second trace."""

    async def before(_state: State) -> State:
        return {"found": [str(await add.ainvoke({"a": seed, "b": 5}))]}

    async def ask(state: State) -> State:
        await look_up.ainvoke({"key": "asked"})
        decision = interrupt({"refund": seed, "of": state["found"][-1]})
        drawn = await draw.ainvoke({"shape": f"{decision} {seed}"})
        return {"found": [drawn]}

    built: Any = StateGraph(State)
    built.add_node("before", before)
    built.add_node("ask", ask)
    built.add_edge(START, "before")
    built.add_edge("before", "ask")
    return built


SHAPES: dict[str, Callable[[int], Built]] = {
    "tool_node": tool_node,
    "direct": direct,
    "subgraph": subgraph,
    "parallel": parallel,
    "interrupt": interrupted,
}


def standing() -> Built:
    """The second graph of direct calls, to be named on a command line."""
    return direct(1)
