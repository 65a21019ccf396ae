"""What the harness costs: our graph against bare LangGraph and against `create_agent`, in one run.

    python -m benchmarks.overhead --runs 200

Model and tool answer at once, so that what is measured is the harness. `bare` is a LangGraph graph with as
many supersteps as ours, whose nodes do nothing. All three use the in-memory checkpointer and take turns, so
that a change of the machine's speed hits them alike; quote the ratios.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypedDict

from langchain.agents import create_agent
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import StructuredTool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel

from graphs.wiring import Parts, wire
from models.failure import Origin
from models.provider import ProviderChat
from models.sections import parse
from state.agent import Context, Terms
from state.policy import Policy
from state.verdict import Place, Verdict
from tools.capability import Caller, typed
from tools.effects import Claim
from tools.registry import Registry

QUESTION = "What is one more than 41?"


class Instant(BaseChatModel):
    """Answers at once: our prompts by their task, and a tool-calling loop by what it has seen."""

    @property
    def _llm_type(self) -> str:
        return "instant"

    def bind_tools(self, tools: object, **kwargs: object) -> Runnable[LanguageModelInput, AIMessage]:
        """Take the tools of `create_agent`."""
        return self.bind(**kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: object,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._message(messages))])

    def _message(self, messages: list[BaseMessage]) -> AIMessage:
        task = parse(str(messages[-1].text)).get("task")
        if task == "plan":
            return AIMessage(json.dumps({"steps": [{"id": "s1", "tool": "add", "args": {"value": 41}}]}))
        if task == "answer":
            cited = [{"passage": "s1", "quote": '"total":42'}]
            return AIMessage(
                json.dumps({"claims": [{"text": "It is 42.", "citations": cited}], "missing": None})
            )
        if isinstance(messages[-1], ToolMessage):
            return AIMessage("It is 42.")
        return AIMessage("", tool_calls=[{"name": "add", "args": {"value": 41}, "id": "c1"}])


class Value(BaseModel):
    """The tool's argument."""

    value: int


class Total(BaseModel):
    """The tool's result."""

    total: int


class NoLedger:
    """No effect is claimed: the tool only reads."""

    def claim(
        self, key: str, *, scope: str, step: str, tool: str, args_digest: str, plan: str = "", seconds: float
    ) -> Claim:
        """Not called for a tool that reads."""
        raise AssertionError("a tool that reads claims nothing")

    def retake(self, key: str, claimed_at: str, seconds: float) -> bool:
        """Not called for a tool that reads."""
        raise AssertionError("a tool that reads claims nothing")

    def finish(self, key: str, output: object) -> None:
        """Not called for a tool that reads."""

    def fail(self, key: str, error: str) -> None:
        """Not called for a tool that reads."""

    def lose(self, key: str, error: str) -> None:
        """Not called for a tool that reads."""


async def _add(args: Value, _caller: Caller) -> Total:
    return Total(total=args.value + 1)


async def _judge(_text: str, place: Place) -> Verdict:
    return Verdict(
        place=place, decision="allow", category="ok", score=0, threshold=1, classifier="none", reason=""
    )


def _terms(_context: Context) -> Terms:
    return Terms(model="instant", plan_retries=2, answer_retries=2, replans=1, passages=4, answer_schema=None)


def instant_parts() -> Parts:
    """Our graph with a model and a tool that answer at once."""
    policy = Policy.model_validate({"tools": {"add": {"effect": "read"}}})
    origin = Origin("instant", key="", models="", server="")
    leaf = ProviderChat(origin, Instant, policy.models, ("prompted",), free=True)
    return Parts(
        policy=policy,
        chat=lambda _name: leaf,
        registry=Registry([typed("add", "Add one.", Value, Total, _add)], policy, NoLedger()),
        judge=_judge,
        caller=lambda _: Caller(),
        rewording_instructions="",
        thinking_instructions={},
        terms=_terms,
        stamp=lambda model: {"models": {"chat": model}},
        plan_instructions="Plan.",
        answer_instructions="Answer.",
    )


def _thread(number: int) -> RunnableConfig:
    return {"configurable": {"thread_id": str(number)}}


def warrant() -> Callable[[int], Awaitable[None]]:
    """Our graph: one planned call, one cited answer."""
    graph = wire(instant_parts()).compile(checkpointer=InMemorySaver())

    async def run(number: int) -> None:
        end = await graph.ainvoke({"messages": [HumanMessage(QUESTION)]}, _thread(number), context=Context())
        assert end["outcome"] == "answered", end

    return run


class Plain(TypedDict, total=False):
    """The state of the bare graph."""

    messages: list[BaseMessage]
    seen: int


def bare(supersteps: int) -> Callable[[int], Awaitable[None]]:
    """A chain of nodes that do nothing."""

    async def node(state: Plain) -> Plain:
        return {"seen": state.get("seen", 0) + 1}

    graph = StateGraph(Plain)
    names = [f"n{number}" for number in range(supersteps)]
    for name, before in zip(names, [START, *names], strict=False):
        graph.add_node(name, node)
        graph.add_edge(before, name)
    graph.add_edge(names[-1], END)
    compiled = graph.compile(checkpointer=InMemorySaver())

    async def run(number: int) -> None:
        await compiled.ainvoke({"messages": [HumanMessage(QUESTION)]}, _thread(number))

    return run


def loop() -> Callable[[int], Awaitable[None]]:
    """`create_agent` with the same model and tool."""

    async def add(value: int) -> dict[str, int]:
        return {"total": value + 1}

    tool = StructuredTool.from_function(coroutine=add, name="add", description="Add one.")
    agent = create_agent(Instant(), [tool], checkpointer=InMemorySaver())

    async def run(number: int) -> None:
        await agent.ainvoke({"messages": [HumanMessage(QUESTION)]}, _thread(number))

    return run


async def supersteps() -> int:
    """How many supersteps our graph takes for the question."""
    graph = wire(instant_parts()).compile(checkpointer=InMemorySaver())
    await graph.ainvoke({"messages": [HumanMessage(QUESTION)]}, _thread(0), context=Context())
    return sum(
        [1 async for state in graph.aget_state_history(_thread(0)) if (state.metadata or {})["step"] > 0]
    )


async def measure(runs: int, warm_up: int = 10) -> dict[str, Any]:
    """Milliseconds of each system, taking turns, and the ratios of their medians."""
    steps = await supersteps()
    systems = {"warrant": warrant(), "bare": bare(steps), "create_agent": loop()}
    taken: dict[str, list[float]] = {name: [] for name in systems}
    for number in range(runs + warm_up):
        for name, run in systems.items():
            started = time.perf_counter()
            await run(number)
            taken[name].append((time.perf_counter() - started) * 1000)
    medians = {name: statistics.median(times[warm_up:]) for name, times in taken.items()}
    return {
        "runs": runs,
        "supersteps": steps,
        "milliseconds": {name: round(value, 2) for name, value in medians.items()},
        "warrant / bare": round(medians["warrant"] / medians["bare"], 2),
        "warrant / create_agent": round(medians["warrant"] / medians["create_agent"], 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=200, help="counted runs of each system")
    sys.stdout.write(json.dumps(asyncio.run(measure(parser.parse_args().runs)), indent=2) + "\n")


if __name__ == "__main__":
    main()
