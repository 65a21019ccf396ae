"""Other wordings of a query: a model is asked for them once, within the budget; no search depends on it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from models.chat import Chat
from nodes.asking import ask, prompt, shared
from state.agent import AgentState, Task
from state.policy import Limits
from state.schema import Json, JsonSchema
from state.usage import Usage

MAX_CHARS = 500
"""Length of one wording."""


class Reworded(NamedTuple):
    """Wordings beside the query, none where none could be had, and what the state learns of it."""

    wordings: tuple[str, ...]
    update: AgentState


@dataclass(frozen=True)
class Rewording:
    """Asks for other wordings of a query."""

    chat: Callable[[str], Chat]
    limits: Limits
    instructions: str
    count: int
    """How many are asked for; with 0 no model is asked."""

    async def __call__(self, query: Json, state: Task) -> Reworded:
        """Ask once: a spent budget, a failing model or a reply that is no list of wordings gives none."""
        if not self.count or not isinstance(query, str):
            return Reworded((), {})
        before = Usage.model_validate(state["usage"])
        asked = await ask(
            self.chat(state["terms"]["model"]),
            prompt("reword", self.instructions, _schema(self.count), {"query": query}),
            before,
            shared(self.limits, before, state["share"]),
        )
        # The search goes on without them, so nothing of it ends the run.
        update: AgentState = {"usage": asked.update["usage"], "attempts": asked.update.get("attempts", [])}
        found = asked.value["queries"] if asked.value else []
        return Reworded(tuple(dict.fromkeys(one.strip() for one in found if one.strip())), update)


def _schema(count: int) -> JsonSchema:
    wording = {"type": "string", "minLength": 1, "maxLength": MAX_CHARS}
    return {
        "type": "object",
        "properties": {"queries": {"type": "array", "items": wording, "minItems": 1, "maxItems": count}},
        "required": ["queries"],
        "additionalProperties": False,
    }
