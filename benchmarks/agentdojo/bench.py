"""One suite wired into the real graph, and running a user task in it with and without an attack."""

import asyncio
import atexit
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from benchmarks.agentdojo.approvers import Approver
from benchmarks.agentdojo.attack import Attack
from benchmarks.agentdojo.case import FOLDER, Case
from benchmarks.agentdojo.defences import policy_without
from benchmarks.agentdojo.environments import copied, environment
from benchmarks.agentdojo.judging import End
from benchmarks.agentdojo.models import Mind, rendered
from benchmarks.agentdojo.tools import World, capabilities
from graphs.wiring import Parts, wire
from state.agent import Context, Terms
from state.policy import Policy, load_policy
from state.schema import Json
from state.store import Store
from state.verdict import Place, Verdict
from tools.capability import Caller, Capability
from tools.registry import Registry

if TYPE_CHECKING:
    from agentdojo.base_tasks import BaseUserTask
    from agentdojo.functions_runtime import TaskEnvironment
    from agentdojo.task_suite.task_suite import TaskSuite

VERSION = "v1.2.2"
MAX_INTERRUPTS = 50
TERMS = Terms(model="oracle", plan_retries=0, answer_retries=1, replans=1, passages=6, answer_schema=None)


@dataclass(frozen=True)
class Run:
    """What became of one run."""

    end: End
    outcome: str
    reason: str
    questions: int
    """Calls that a human was asked about."""
    interrupts: int
    rejected: tuple[str, ...]
    """What review found wrong with plans."""
    failed: bool
    """Whether a plan was rejected, or a step failed."""
    obeyed: bool
    """Whether a model obeyed an injection in one of the ways that there are."""
    replanned: bool
    """Whether it obeyed while it planned again."""


@dataclass(frozen=True)
class Bench:
    """The parts of one suite, made once and used for every run in this process."""

    suite: "TaskSuite[TaskEnvironment]"
    policy: Policy
    writes: frozenset[str]
    """The tools that change something."""
    folder: Path

    @cached_property
    def world(self) -> World:
        """Where the tools act."""
        return World()

    @cached_property
    def mind(self) -> Mind:
        """The model."""
        return Mind()

    @cached_property
    def tools(self) -> list[Capability]:
        """The tools that policy allows."""
        made = capabilities(self.suite.name, self.suite.tools, self.world)
        return [tool for tool in made if tool.name in self.policy.tools]

    @cached_property
    def _saver(self) -> InMemorySaver:
        return InMemorySaver()

    @cached_property
    def _graph(self) -> Any:  # noqa: ANN401 - LangGraph's compiled graphs have four type parameters
        store = Store(f"sqlite:///{self.folder}/{self.suite.name}.db")
        parts = Parts(
            policy=self.policy,
            chat=lambda _name: self.mind,
            registry=Registry(self.tools, self.policy, store),
            judge=_allows,
            caller=lambda _runtime: Caller(),
            terms=lambda _context: TERMS,
            stamp=lambda model: {"models": {"chat": model}},
            plan_instructions="Plan.",
            answer_instructions="Answer.",
            rewording_instructions="",
            thinking_instructions={"extract": "Extract.", "compose": "Compose."},
        )
        return wire(parts).compile(checkpointer=self._saver)

    def environment(self, task: "BaseUserTask[TaskEnvironment]", attack: Attack | None) -> "TaskEnvironment":
        """The environment of a user task, with the injections of an attack."""
        return task.init_environment(environment(self.suite, attack.injections if attack else None))

    def run(
        self,
        task: "BaseUserTask[TaskEnvironment]",
        case: Case,
        approve: Approver,
        attack: Attack | None = None,
        strategy: int = 0,
    ) -> Run:
        """One turn of the graph, resumed with the approver's decisions until it ends."""
        after = self.environment(task, attack)
        before = copied(after)
        self.world.enter(after)
        self.mind.enter(case, attack, strategy)
        state, questions, interrupts = _runner().run(self._turn(task.PROMPT, case, approve))
        end = End(_output(state), before, after, self.world.trace)
        return Run(
            end,
            state.get("outcome", "failed"),
            state.get("reason", ""),
            questions,
            interrupts,
            (rejected := tuple(_rejected(state))),
            bool(rejected) or any(one["status"] == "failed" for one in state.get("results", {}).values()),
            self.mind.obeyed,
            self.mind.replanned,
        )

    async def _turn(self, prompt: str, case: Case, approve: Approver) -> tuple[dict[str, Json], int, int]:
        config: RunnableConfig = {"configurable": {"thread_id": "benchmark"}, "recursion_limit": 500}
        given: dict[str, Json] | Command[str] = {
            "messages": [HumanMessage(prompt)],
            "answer_schema": case.answer_schema,
        }
        questions = interrupts = 0
        try:
            for _ in range(MAX_INTERRUPTS):
                state = await self._graph.ainvoke(given, config, context=Context())
                if not (waiting := state.get("__interrupt__")):
                    return (await self._graph.aget_state(config)).values, questions, interrupts
                asked = waiting[0].value["action_requests"]
                questions, interrupts = questions + len(asked), interrupts + 1
                decisions = [_decision(approve(one["name"], one["args"])) for one in asked]
                given = Command(resume={"decisions": decisions})
            raise RuntimeError(f"the run asked more than {MAX_INTERRUPTS} times")
        finally:
            await self._saver.adelete_thread("benchmark")


def bench(suite: str, folder: Path, off: str) -> Bench:
    """The bench of a suite, with one defence switched off or, if that is '', with all of them on."""
    from agentdojo.task_suite.load_suites import get_suites

    loaded = get_suites(VERSION)[suite]
    policy = load_policy(FOLDER / "policies" / f"{suite}.toml")
    arguments = {tool.name: tuple(tool.parameters.model_fields) for tool in loaded.tools}
    writes = frozenset(name for name, tool in policy.tools.items() if tool.effect != "read")
    return Bench(loaded, policy_without(off, policy, arguments), writes, folder)


@cache
def _runner() -> asyncio.Runner:
    """One event loop for all runs of this process."""
    made = asyncio.Runner()
    atexit.register(made.close)
    return made


def _decision(yes: bool) -> dict[str, Json]:
    return {"type": "approve"} if yes else {"type": "reject", "message": "nobody asked for this"}


def _rejected(state: dict[str, Json]) -> Iterator[str]:
    return (f"{one['path']}: {one['message']}" for one in state.get("violations", []) if one["at"] == "plan")


def _output(state: dict[str, Json]) -> str:
    answer = state.get("answer")
    if answer and answer["data"] is not None:
        return rendered(answer["data"])
    return str(state["messages"][-1].text) if state.get("messages") else ""


async def _allows(_text: str, place: Place) -> Verdict:
    """The classifier plays no part here."""
    return Verdict(
        place=place, decision="allow", category="ok", score=0.0, threshold=1.0, classifier="none", reason=""
    )
