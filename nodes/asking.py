"""Asking a model once, within the budget, and keeping what came back."""

from dataclasses import dataclass

from langchain_core.messages import HumanMessage, SystemMessage

from models.chat import Chat, ModelError, Prompt
from models.sections import render
from state.agent import AgentState, Ending
from state.policy import Limits
from state.schema import Json, JsonSchema
from state.usage import Usage

KEPT_CHARS = 20_000
"""A longer reply is kept in the trace; an attempt holds its beginning."""
MIN_COST_USD = 1e-9
"""A bound of 0 lets through what costs nothing."""
CHARS_PER_TOKEN = 4
"""A cautious estimate of what a prompt will cost before it is sent."""


@dataclass(frozen=True)
class Asked:
    """The value that was asked for, or None where there is no valid one, and what the state learns of it."""

    value: Json
    update: AgentState


async def ask(chat: Chat, prompt: Prompt, usage: Usage, limits: Limits) -> Asked:
    """Ask the model once; a bound that would be exceeded or a failing model ends the run."""
    chars = sum(len(str(message.text)) for message in prompt.messages)
    if bound := exceeded(usage, limits, chars // CHARS_PER_TOKEN):
        return Asked(None, _failed(bound, Usage()))
    try:
        reply = await chat.reply(prompt)
    except ModelError as error:
        return Asked(None, _failed(str(error), error.usage))
    attempt = {
        "at": prompt.task,
        "text": reply.text[:KEPT_CHARS],
        "violations": [violation.model_dump() for violation in reply.violations],
        "model": reply.model,
        "strategy": reply.strategy,
    }
    value = None if reply.violations else reply.value
    return Asked(value, {"attempts": [attempt], "usage": reply.usage.model_dump()})


def exceeded(usage: Usage, limits: Limits, tokens: int) -> str | None:
    """Which bound one more call with so many input tokens would exceed."""
    way_out = "Raise it in policy.toml or ask for less."
    if usage.model_calls >= limits.model_calls:
        return f"The bound limits.model_calls of {limits.model_calls} is reached. {way_out}"
    if usage.input_tokens + usage.output_tokens + tokens > limits.tokens:
        return f"The bound limits.tokens of {limits.tokens} would be exceeded. {way_out}"
    if (usage.cost_usd or 0.0) >= max(limits.cost_usd, MIN_COST_USD):
        return f"The bound limits.cost_usd of {limits.cost_usd:g} is reached. {way_out}"
    return None


def prompt(task: str, instructions: str, schema: JsonSchema, sections: dict[str, Json]) -> Prompt:
    """A prompt of instructions and named sections; a section that is None is left out."""
    text = render({"task": task, **sections})
    return Prompt(task, (SystemMessage(instructions), HumanMessage(text)), schema)


def shared(limits: Limits, spent: Usage, share: int) -> Limits:
    """What of the bounds is left for one of the steps that ask beside each other."""
    calls = spent.model_calls + (limits.model_calls - spent.model_calls) // share
    used = spent.input_tokens + spent.output_tokens
    cost = spent.cost_usd or 0.0
    return limits.model_copy(
        update={
            "model_calls": calls,
            "tokens": used + (limits.tokens - used) // share,
            "cost_usd": cost + (limits.cost_usd - cost) / share,
        }
    )


def _failed(reason: str, spent: Usage) -> AgentState:
    return {"ending": Ending(outcome="failed", reason=reason), "usage": spent.model_dump()}
