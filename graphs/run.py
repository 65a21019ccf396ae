"""Running the agent in this process: a question in, one document out."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from uuid import uuid4

from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, StateSnapshot

from graphs.parts import Application, application
from graphs.wiring import wire
from state.agent import AgentInput, AgentOutput, AgentState, Context
from state.database import use_wal
from state.errors import BoundExceededError, UsageError, WarrantError
from state.schema import Json, JsonSchema
from state.usage import Usage

Agent = CompiledStateGraph[AgentState, Context, AgentInput, AgentOutput]
Progress = Callable[[str, Mapping[str, Json]], None]
"""Is told what happens: `("updates" | "custom", what)`."""
FLUSH_SECONDS = 1.0
"""How long a finished run waits for its trace; the process must exit within two seconds."""


class CheckpointError(WarrantError):
    """The checkpoints cannot be read or written, since the disk is full or the file locked or damaged."""


@dataclass(frozen=True)
class Session:
    """A compiled agent with its checkpoints open."""

    app: Application
    agent: Agent

    async def ask(
        self,
        question: str,
        *,
        thread_id: str | None = None,
        answer_schema: JsonSchema | None = None,
        context: Context | None = None,
        progress: Progress | None = None,
    ) -> dict[str, Json]:
        """Run one turn.

        Args:
            question: What the user asks.
            thread_id: The conversation to continue; a new one by default.
            answer_schema: JSON Schema (draft 2020-12) of `answer.data`.
            context: Knobs of this run.
            progress: Is told of every update while the run goes on.
        """
        given: AgentInput = {"messages": [HumanMessage(question)], "answer_schema": answer_schema}
        return await self._run(given, _config(thread_id or str(uuid4())), context, progress)

    async def resume(
        self,
        thread_id: str,
        decisions: Mapping[str, dict[str, Json]],
        progress: Progress | None = None,
    ) -> dict[str, Json]:
        """Go on with a run that was interrupted by a crash, waits for decisions, or had an unknown effect.

        Args:
            thread_id: The conversation.
            decisions: Step id → `{"type": "approve"}`, or `reject`, `edit` with `args`, `respond` with
                `message`, for every call that waits; empty after a crash.
            progress: Is told of every update while the run goes on.

        Raises:
            UsageError: nothing waits in this thread, or the decisions are not about what waits.
        """
        snapshot = await self.agent.aget_state(_config(thread_id))
        start = None if snapshot.next else await self._before_unknown(snapshot, thread_id)
        if not snapshot.next and start is None:
            raise UsageError(f"Nothing is left to do in thread {thread_id}.", "Ask something with --thread.")
        waiting = _asked(snapshot)
        if decisions.keys() != {one["step"] for one in waiting}:
            raise UsageError(*_unanswered([one["step"] for one in waiting], decisions))
        answers = [_decision(decisions[one["step"]], one["tool"]) for one in waiting]
        command: Command[str] | None = Command(resume={"decisions": answers}) if waiting else None
        stamp = {"stamp": snapshot.values.get("stamp")}  # `begin`, which records it, does not run again
        return await self._run(command, start or _config(thread_id), None, progress, stamp)

    async def _before_unknown(self, ended: StateSnapshot, thread_id: str) -> RunnableConfig | None:
        """The checkpoint before the steps whose outcome is unknown; what is settled gives its result there.

        What ran since then runs again, which repeats reads and no effect.
        """
        results = ended.values.get("results", {})
        unknown = {step for step, result in results.items() if result["status"] == "unknown"}
        if ended.values.get("outcome") != "needs_input" or not unknown:
            return None
        async for snapshot in self.agent.aget_state_history(_config(thread_id)):
            if not unknown & snapshot.values.get("results", {}).keys():
                return snapshot.config
        return None

    def thread_of(self, run_or_thread: str) -> str:
        """The thread of a run, by the run's id or its beginning; any other id is taken for a thread's."""
        return self.app.store.thread_of(run_or_thread) or run_or_thread

    async def _run(
        self,
        given: AgentInput | Command[str] | None,
        start: RunnableConfig,
        context: Context | None,
        progress: Progress | None,
        metadata: dict[str, Json] | None = None,
    ) -> dict[str, Json]:
        started, run_id, thread_id = time.monotonic(), uuid4(), start["configurable"]["thread_id"]
        knobs = {"context": context.model_dump(exclude_none=True)} if context else {}
        named: RunnableConfig = {
            "run_id": run_id,
            "run_name": "warrant",
            "metadata": {**(metadata or {}), **knobs},  # a replay turns the same knobs
        }
        config: RunnableConfig = {**start, **named}
        stream = self.agent.astream(
            given,
            config,
            context=context or Context(),
            stream_mode=["updates", "custom"],
            durability="sync",
        )
        seconds = self.app.parts.policy.limits.seconds
        try:
            async with asyncio.timeout(seconds) as limit:
                async for mode, what in stream:
                    if progress is not None:
                        progress(str(mode), cast(dict[str, Json], what))
            snapshot = await self.agent.aget_state(_config(thread_id))
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise BoundExceededError(
                f"The run took longer than limits.seconds, {seconds:g} s.",
                f"Raise it in policy.toml, then go on with: warrant ask --resume {thread_id}",
            ) from error
        except sqlite3.Error as error:
            raise _unkept(error, f"then go on with: warrant ask --resume {thread_id}") from error
        return _document(snapshot, str(run_id), thread_id, time.monotonic() - started)


@asynccontextmanager
async def session() -> AsyncIterator[Session]:
    """An agent whose checkpoints are kept under the home folder.

    Raises:
        CheckpointError: they cannot be opened.
    """
    app = application()
    async with AsyncExitStack() as stack:
        try:
            app.settings.home.mkdir(parents=True, exist_ok=True)
            path = app.settings.home / "checkpoints.db"
            await asyncio.to_thread(_prepare, path)
            saver = await stack.enter_async_context(AsyncSqliteSaver.from_conn_string(str(path)))
            await saver.setup()
        except (sqlite3.Error, OSError) as error:
            raise _unkept(error, "then ask again") from error
        stack.callback(app.tracer.flush, FLUSH_SECONDS)
        yield Session(app, wire(app.parts).compile(checkpointer=saver, name="warrant"))


def _prepare(path: Path) -> None:
    """Open the file before aiosqlite does, whose thread may outlive the loop where that fails, and set it up
    for several processes, which the saver does not wait for."""
    with closing(sqlite3.connect(path)) as connection:
        use_wal(connection)


def _unkept(error: Exception, then: str) -> CheckpointError:
    return CheckpointError(
        f"The run cannot be kept under WARRANT_HOME: {error}.", f"Free the disk or the file, {then}."
    )


def _config(thread_id: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread_id}}


def _decision(given: dict[str, Json], tool: str) -> dict[str, Json]:
    """A decision in the shape that the interrupt is resumed with; an edit may name another tool."""
    if given["type"] != "edit":
        return given
    return {"type": "edit", "edited_action": {"name": given.get("name", tool), "args": given["args"]}}


def _unanswered(waiting: Sequence[str], decisions: Mapping[str, Json]) -> tuple[str, str]:
    if not waiting:
        return "No call waits for a decision in this run.", "Use --resume without --approve or --reject."
    flags = " ".join(f"--approve {step}" for step in waiting)
    given = ", ".join(decisions) or "none"
    return (
        f"Waiting for a decision: {', '.join(waiting)}; given: {given}.",
        f"Use {flags}, or --reject, --edit, --respond.",
    )


def _document(snapshot: StateSnapshot, run_id: str, thread_id: str, seconds: float) -> dict[str, Json]:
    """What `warrant ask --json` prints."""
    values = snapshot.values
    waits = bool(snapshot.interrupts)
    usage = values.get("usage", Usage().model_dump())
    return {
        "run_id": run_id,
        "thread_id": thread_id,
        "outcome": "needs_approval" if waits else values.get("outcome", "failed"),
        "reason": "" if waits else values.get("reason", ""),
        "answer": None if waits else values.get("answer"),
        "plan": values.get("plan"),
        "calls": [_call(one) for one in values.get("results", {}).values() if one["rounds"] is None],
        "waiting": _asked(snapshot),
        "verdicts": values.get("verdicts", []),
        "violations": values.get("violations", []),
        "usage": {**usage, "seconds": round(seconds, 4)},
        "stamp": values.get("stamp"),
    }


def _call(result: dict[str, Json]) -> dict[str, Json]:
    shown = {key: result[key] for key in ("step", "tool", "args", "status")}
    failed = {"error": result["error"]} if result["error"] else {}
    return {**shown, **failed, "seconds": round(result["seconds"], 4)}


def _asked(snapshot: StateSnapshot) -> list[dict[str, Json]]:
    """What a human is asked about: texts that the gate holds, or calls that wait."""
    if not snapshot.interrupts:
        return []
    if held := snapshot.values.get("held"):
        return [_held(name, one) for name, one in held.items()]
    calls = snapshot.values.get("awaiting", {}).values()
    return [{key: call[key] for key in ("step", "tool", "args", "reasons", "origins")} for call in calls]


def _held(name: str, one: dict[str, Json]) -> dict[str, Json]:
    """A text in the shape of a call that waits."""
    shown = {"step": name, "tool": f"gate.{one['place']}", "args": {"text": one["text"]}}
    return {**shown, "reasons": [one["reason"]], "origins": {}}
