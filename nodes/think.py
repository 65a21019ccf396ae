"""Think: a model without tools fills a schema, or writes a text, from sources that the plan names."""

from collections.abc import Callable
from dataclasses import dataclass

from langgraph.runtime import Runtime

from models.chat import Chat
from nodes.asking import ask, prompt, shared
from nodes.running import ended, started
from state.agent import AgentState, Context, Task
from state.plan import COMPOSE, StepResult, Warrant
from state.policy import Limits
from state.schema import Json, JsonSchema
from state.usage import Usage

MAX_CHARS = 4_000
"""Length of a composed text, unless the plan says another one."""


@dataclass(frozen=True)
class Think:
    """Does an `extract` or `compose` step; what it gives is as trusted as its sources."""

    chat: Callable[[str], Chat]
    limits: Limits
    instructions: dict[str, str]
    """Prompt by kind of step."""

    async def __call__(self, state: Task, *, runtime: Runtime[Context]) -> AgentState:
        """Ask until the reply satisfies the schema, at most `answer_retries` times again."""
        warrant = started(state, runtime)
        spent, attempts, feedback = Usage(), list[dict[str, Json]](), list[dict[str, Json]]()
        before = Usage.model_validate(state["usage"])
        result = _failed(warrant, "")
        for _ in range(state["terms"]["answer_retries"] + 1):
            asked = await ask(
                self.chat(state["terms"]["model"]),
                prompt(
                    warrant.tool,
                    self.instructions[warrant.tool],
                    _wanted(warrant),
                    _sections(warrant, feedback),
                ),
                before + spent,
                shared(self.limits, before, state["share"]),
            )
            spent += Usage.model_validate(asked.update["usage"])
            attempts += asked.update.get("attempts", [])
            if ending := asked.update.get("ending"):
                result = _failed(warrant, ending["reason"])
                break
            feedback = attempts[-1]["violations"]
            if not feedback:
                result = _done(warrant, asked.value)
                break
            result = _failed(warrant, f"{feedback[0]['path']}: {feedback[0]['message']}")
        return {**ended(result, (), runtime), "attempts": attempts, "usage": spent.model_dump()}


def _wanted(warrant: Warrant) -> JsonSchema:
    if warrant.tool != COMPOSE:
        schema: JsonSchema = warrant.args["schema"]
        return schema
    text = {"type": "string", "maxLength": warrant.args.get("max_chars", MAX_CHARS)}
    return {
        "type": "object",
        "properties": {"text": text},
        "required": ["text"],
        "additionalProperties": False,
    }


def _sections(warrant: Warrant, feedback: list[dict[str, Json]]) -> dict[str, Json]:
    return {
        "step": warrant.step,
        "instruction": warrant.args["instruction"],
        "sources": warrant.args["sources"],
        "violations": feedback or None,
    }


def _done(warrant: Warrant, value: Json) -> StepResult:
    named = {place for places in warrant.origins.values() for place in places if "#" in place}
    fields = [(tool, pointer) for tool, _, pointer in (place.partition("#") for place in sorted(named))]
    return _failed(warrant, "").model_copy(update={"status": "done", "output": value, "fields": fields})


def _failed(warrant: Warrant, error: str) -> StepResult:
    return StepResult(step=warrant.step, tool=warrant.tool, args=warrant.args, status="failed", error=error)
