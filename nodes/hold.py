"""Hold: asks a human about texts that the gate does not decide alone; nothing happens before that."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from langchain_core.callbacks import adispatch_custom_event
from langchain_core.messages import convert_to_messages
from langgraph.types import interrupt

from nodes.decisions import WAY_OUT, Decision, UnusableError, read
from state.agent import AgentState, HasRead
from state.schema import Json

DECISIONS = ["approve", "reject"]


class HoldView(HasRead):
    """What is held."""

    held: dict[str, dict[str, Json]]
    stamp: dict[str, Json]


@dataclass(frozen=True)
class Hold:
    """Asks about everything that is held, and lets follow what was decided."""

    async def __call__(self, state: HoldView) -> AgentState:
        """Interrupt with the texts; a rejection is a refusal of the gate."""
        waiting = state["held"]
        await adispatch_custom_event("warrant.stamp", state["stamp"])
        await adispatch_custom_event("warrant.outcome", "needs_approval")
        decisions = _decided(_card(waiting), len(waiting))
        chosen = [
            one["passed" if decision.type == "approve" else "refused"]
            for one, decision in zip(waiting.values(), decisions, strict=True)
        ]
        for outcome in (one["outcome"] for one in chosen if "outcome" in one):
            await adispatch_custom_event("warrant.outcome", outcome)
        return {**_together(chosen), "held": None}  # type: ignore[typeddict-item]  # None empties the channel


def _decided(shown: dict[str, Json], count: int) -> list[Decision]:
    """Ask until there is one usable decision for each text."""
    given = interrupt(shown)
    while True:
        try:
            decisions = read(given, count, "texts")
            if wrong := next((one.type for one in decisions if one.type not in DECISIONS), None):
                raise UnusableError(f"a held text can be approved or rejected; {wrong} is neither")
            return decisions
        except UnusableError as error:
            given = interrupt({**shown, "error": f"{error}. {WAY_OUT}"})


def _card(waiting: dict[str, dict[str, Json]]) -> dict[str, Json]:
    return {
        "action_requests": [
            {
                "name": f"gate.{one['place']}",
                "args": {"text": one["text"]},
                "description": f"{name}: {one['reason']}\n\nApprove to let it go on, reject to refuse it.",
            }
            for name, one in waiting.items()
        ],
        "review_configs": [
            {"action_name": name, "allowed_decisions": DECISIONS}
            for name in dict.fromkeys(f"gate.{one['place']}" for one in waiting.values())
        ],
    }


def _together(updates: Iterable[dict[str, Json]]) -> AgentState:
    """One update of all: what several steps write stands beside each other."""
    whole: dict[str, Json] = {}
    for update in updates:
        for key, value in update.items():
            whole[key] = {**whole[key], **value} if key in ("results", "read") and key in whole else value
    # Clients that stream messages are told of objects only.
    messages = {"messages": convert_to_messages(whole["messages"])} if "messages" in whole else {}
    return cast(AgentState, {**whole, **messages})
