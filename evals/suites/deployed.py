"""An agent behind a deployed graph API (LangGraph Server, or an open one that speaks its protocol)."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

from evals.cases.case import Case
from evals.suites.agent import Played
from evals.suites.infrastructure import InfrastructureError, is_infrastructure
from evals.suites.suite import OURS, Suite
from evals.traces.trajectories import trajectory_of_messages
from evals.trajectory import Call, Effect, Retrieved, Trajectory
from state.errors import UsageError, WarrantError
from state.plan import THINKING
from state.schema import Json
from state.usage import Usage

ASSISTANT = "agent"
"""Name of our own agent in `langgraph.json`."""
GRACE = 10.0
"""Seconds that the transport waits longer than the trial may take."""
CALLED = {"done", "failed", "unknown"}
"""States of steps that were really called."""


@dataclass(frozen=True)
class DeployedAgent:
    """An assistant of a server; each case gets a thread of its own, what else it keeps is its affair."""

    suite: Suite

    @property
    def graph(self) -> str:
        """The server's address."""
        return str(self.suite.url)

    @property
    def assistant(self) -> str:
        """The assistant's name."""
        return ASSISTANT if self.suite.graph == OURS else self.suite.graph

    @property
    def stamp(self) -> Mapping[str, Json]:
        """Which assistant; what it is made of, its runs say if they record it."""
        return {"assistant": self.assistant, "model": self.suite.model}

    @property
    def effects(self) -> Mapping[str, Effect]:
        """What the suite says of each tool."""
        return self.suite.effects

    async def play(self, case: Case) -> Played:
        """Run the case in a new thread of the server."""
        started = time.monotonic()
        error: str | None = None
        values: dict[str, Any] = {}
        waits = False
        limit = asyncio.timeout(self.suite.seconds)
        try:
            async with limit, get_client(url=self.graph, timeout=self.suite.seconds + GRACE) as client:
                thread = str((await client.threads.create())["thread_id"])
                error = await self._to_its_end(client, thread, case)
                state = await client.threads.get_state(thread)
                values, waits = _values(state), bool(_interrupts(state))
        except Exception as raised:
            if not limit.expired():
                raise self._explained(raised, case) from raised
            error = f"It took longer than {self.suite.seconds:g} s."
        found = trajectory_of_values(values, self.effects)
        return Played(
            replace(
                found,
                input=case.input,
                ended=error is None,
                error=error,
                outcome="needs_approval" if waits else found.outcome,
                seconds=time.monotonic() - started,
            )
        )

    def _explained(self, error: Exception, case: Case) -> WarrantError:
        """The server's fault, or a wrong question; a graph's own error is in what it gives, not raised."""
        if is_infrastructure(error):
            return InfrastructureError(f"{self.graph}: {error!r}", "Check that it is up.")
        return UsageError(
            f"{self.graph} refused case {case.id}: {error}.", "Correct the suite; the server's log says more."
        )

    async def _to_its_end(self, client: LangGraphClient, thread: str, case: Case) -> str | None:
        """Run until nothing waits, or no answer is left for what does; the graph's error, if it has one."""
        given: dict[str, Any] = {"input": _input(case)}
        left = list(case.resume)
        while True:
            end = await client.runs.wait(
                thread, self.assistant, **given, context=self._context(), raise_error=False
            )
            if isinstance(end, Mapping) and "__error__" in end:
                return str(end["__error__"])
            waiting = _interrupts(await client.threads.get_state(thread)) if left else []
            if not waiting:
                return None
            given = {"command": {"resume": _answer(waiting, left)}}

    def _context(self) -> dict[str, Json] | None:
        return {"model": self.suite.model} if self.suite.model is not None else None


def trajectory_of_values(values: Mapping[str, Json], effects: Mapping[str, Effect]) -> Trajectory:
    """What an agent did, from the final state of its thread: our own channels, or messages alone."""
    messages = values.get("messages")
    found = trajectory_of_messages(messages if isinstance(messages, list) else [], effects=effects)
    if not isinstance(results := values.get("results"), Mapping):
        return replace(found, usage=found.usage if messages else Usage())
    made = [one for one in results.values() if _was_called(one)]
    return replace(
        found,
        calls=tuple(_call(one, effects) for one in made),
        answer=values.get("answer") or found.answer,
        outcome=values.get("outcome"),
        plan=values.get("plan"),
        verdicts=tuple(values.get("verdicts") or ()),
        violations=tuple(values.get("violations") or ()),
        retrieved=tuple(_retrieved(one["output"]) for one in made if one.get("retrieved") and one["output"]),
        usage=Usage.model_validate(values.get("usage") or {}),
        stamp=values.get("stamp") or {},
    )


def _was_called(result: Mapping[str, Json]) -> bool:
    return result["status"] in CALLED and result["tool"] not in THINKING and result.get("rounds") is None


def _call(result: Mapping[str, Json], effects: Mapping[str, Effect]) -> Call:
    tool = result["tool"]
    error = result.get("error") or None
    return Call(tool, result["args"], result.get("output"), error, 0, effects.get(tool), result["step"])


def _retrieved(output: Mapping[str, Json]) -> Retrieved:
    passages = output.get("passages") or []
    ids, sources, texts = (tuple(str(one[key]) for one in passages) for key in ("id", "source", "text"))
    return Retrieved(ids, sources, texts)


def _input(case: Case) -> Json:
    given = (
        {"messages": [{"role": "user", "content": case.input}]} if isinstance(case.input, str) else case.input
    )
    return {**given, "answer_schema": case.answer_schema} if case.answer_schema is not None else given


def _values(state: Mapping[str, Json]) -> dict[str, Json]:
    values = state["values"]
    return values if isinstance(values, dict) else {}


def _interrupts(state: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    return [one for task in state["tasks"] for one in task.get("interrupts") or ()]


def _answer(waiting: Sequence[Mapping[str, Json]], left: list[Json]) -> Json:
    """The next answer, or one for each where several wait at once."""
    if len(waiting) == 1:
        return left.pop(0)
    return {one["id"]: left.pop(0) for one in waiting if left}
