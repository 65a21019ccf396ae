"""A world whose processes can be killed at every boundary of an effect; `benchmarks.effects` runs it."""

import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import aiosqlite
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import StructuredTool
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.prebuilt import ToolNode
from pydantic import BaseModel

from graphs.wiring import Parts, wire
from models.chat import Prompt, Reply
from models.sections import parse
from state.agent import Context, Terms
from state.policy import Policy
from state.store import Store
from state.verdict import Place, Verdict
from tools.capability import Caller, typed
from tools.effects import Claim, Ledger
from tools.registry import Registry

Boundary: TypeAlias = Literal[
    "before the claim", "after the claim", "after the effect", "before the result", "before the checkpoint"
]
Graph: TypeAlias = CompiledStateGraph[Any, Any, Any, Any]


def die() -> None:
    """End this process as a power cut would: no handler runs, nothing is flushed."""
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class World:
    """A folder with the ledger, the checkpoints, and a file to which every effect appends a line."""

    folder: Path
    dies: Boundary | None = None
    """Where this process is killed."""
    touched: bool = False
    """Whether this process made an effect."""

    met: int = 0
    """How often this process found that another was making the effect."""

    def store(self) -> Store:
        """The ledger, as the product has it."""
        return Store(f"sqlite:///{self.folder / 'warrant.db'}")

    def make(self, line: str) -> None:
        """The effect: one line more."""
        file = os.open(self.folder / "effects.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, f"{line}\n".encode())
        os.close(file)
        self.touched = True
        if self.dies == "after the effect":
            die()

    def made(self) -> list[str]:
        """Every effect that was made, in any process."""
        path = self.folder / "effects.txt"
        return path.read_text().splitlines() if path.exists() else []

    @asynccontextmanager
    async def saver(self) -> AsyncIterator[AsyncSqliteSaver]:
        """The checkpoints."""
        async with aiosqlite.connect(self.folder / "checkpoints.db") as connection:
            saver = MortalSaver(connection, self)
            await saver.setup()
            yield saver


class MortalSaver(AsyncSqliteSaver):
    """A checkpointer whose process is killed before it saves what a step with an effect wrote."""

    def __init__(self, connection: aiosqlite.Connection, world: World) -> None:
        super().__init__(connection)
        self._world = world

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Save what a task wrote."""
        if self._world.touched and self._world.dies == "before the checkpoint":
            die()
        await super().aput_writes(config, writes, task_id, task_path)


@dataclass(frozen=True)
class MortalLedger:
    """A ledger whose process is killed before or after it writes."""

    ledger: Ledger
    world: World

    def claim(
        self, key: str, *, scope: str, step: str, tool: str, args_digest: str, plan: str = "", seconds: float
    ) -> Claim:
        """Claim, and die before or after it."""
        if self.world.dies == "before the claim":
            die()
        claim = self.ledger.claim(
            key, scope=scope, step=step, tool=tool, args_digest=args_digest, plan=plan, seconds=seconds
        )
        if self.world.dies == "after the claim":
            die()
        self.world.met += claim.running
        return claim

    def finish(self, key: str, output: object) -> None:
        """Die, or record the result."""
        if self.world.dies == "before the result":
            die()
        self.ledger.finish(key, output)

    def retake(self, key: str, claimed_at: str, seconds: float) -> bool:
        """As the ledger does."""
        return self.ledger.retake(key, claimed_at, seconds)

    def fail(self, key: str, error: str) -> None:
        """As the ledger does."""
        self.ledger.fail(key, error)

    def lose(self, key: str, error: str) -> None:
        """As the ledger does."""
        self.ledger.lose(key, error)


class Oracle:
    """A model that plans one effect named by the request, and cites its result."""

    name = "oracle"

    async def reply(self, prompt: Prompt) -> Reply:
        """Answer by rule."""
        line = parse(str(prompt.messages[-1].text))["request"]
        if prompt.task == "plan":
            value: dict[str, Any] = {"steps": [{"id": "s1", "tool": "append", "args": {"line": line}}]}
        else:
            cited = [{"passage": "s1", "quote": f'"line":"{line}"'}]
            value = {"claims": [{"text": "It is written.", "citations": cited}], "missing": None}
        return Reply("", value, (), self.name, "prompted")


class Line(BaseModel):
    """The tool's argument and its result."""

    line: str


async def _judge(_text: str, place: Place) -> Verdict:
    return Verdict(
        place=place, decision="allow", category="ok", score=0, threshold=1, classifier="none", reason=""
    )


def _terms(_context: Context) -> Terms:
    return Terms(model="oracle", plan_retries=0, answer_retries=0, replans=0, passages=4, answer_schema=None)


def warrant(world: World, store: Store, saver: AsyncSqliteSaver, stop: Sequence[str] = ()) -> Graph:
    """Our graph with one tool that writes."""

    async def append(args: Line, _caller: Caller) -> Line:
        world.make(args.line)
        return args

    policy = Policy.model_validate({"tools": {"append": {"effect": "write"}}})
    tools = [typed("append", "Append a line.", Line, Line, append)]
    parts = Parts(
        policy=policy,
        chat=lambda _name: Oracle(),
        registry=Registry(tools, policy, MortalLedger(store, world)),
        judge=_judge,
        caller=lambda _runtime: Caller(),
        terms=_terms,
        stamp=lambda model: {"models": {"chat": model}},
        plan_instructions="Plan.",
        answer_instructions="Answer.",
        rewording_instructions="",
        thinking_instructions={},
    )
    return wire(parts).compile(checkpointer=saver, interrupt_before=list(stop))


def plain(world: World, saver: AsyncSqliteSaver, stop: Sequence[str] = ()) -> Graph:
    """The same call in LangGraph's own `ToolNode`."""

    async def append(line: str) -> str:
        world.make(line)
        return line

    tool = StructuredTool.from_function(coroutine=append, name="append", description="Append a line.")
    graph = StateGraph(MessagesState)
    graph.add_node("tools", ToolNode([tool]))
    graph.add_edge(START, "tools")
    return graph.compile(checkpointer=saver, interrupt_before=list(stop))


def call(line: str) -> AIMessage:
    """What a model asks `ToolNode` for."""
    return AIMessage("", tool_calls=[{"name": "append", "args": {"line": line}, "id": "c1"}])
