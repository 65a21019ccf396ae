"""Begin: opens a turn, fixes its terms, and leaves nothing of the turn before."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NotRequired, TypedDict, cast

from langchain_core.callbacks import adispatch_custom_event
from langchain_core.messages import AnyMessage, HumanMessage
from langgraph.runtime import Runtime

from state.agent import AgentState, Context, Ending, Rounds, Terms
from state.errors import WarrantError
from state.schema import Json, JsonSchema, check_schema


class BeginView(TypedDict):
    """What the caller gave."""

    messages: NotRequired[list[AnyMessage]]
    answer_schema: NotRequired[JsonSchema | None]


@dataclass(frozen=True)
class Begin:
    """Opens a turn."""

    terms: Callable[[Context], Terms]
    stamp: Callable[[str], dict[str, Json]]
    """Hashes of everything that produces a run with this model."""

    async def __call__(self, state: BeginView, *, runtime: Runtime[Context]) -> AgentState:
        """Read the request and agree the terms, which a resumed run keeps."""
        terms = self.terms(runtime.context or Context())
        schema = state.get("answer_schema")
        asked = next((m for m in reversed(state.get("messages", [])) if isinstance(m, HumanMessage)), None)
        ending = _unusable(asked, schema)
        try:
            stamp = self.stamp(terms["model"])
        except WarrantError as error:  # no model has this name
            stamp, ending = {}, Ending(outcome="failed", reason=str(error))
        await adispatch_custom_event("warrant.stamp", stamp)
        return {
            "scope": _scope(runtime, asked),
            "request": str(asked.text).strip() if asked else "",
            "terms": {**terms, "answer_schema": schema},
            "stamp": stamp,
            "ending": ending,
            **_blank(),
        }


def _scope(runtime: Runtime[Context], asked: HumanMessage | None) -> str:
    """Thread and message; the message's id is made anew for each turn and kept by the thread."""
    info = runtime.execution_info
    return f"{(info and info.thread_id) or ''}/{(asked and asked.id) or ''}"


def _unusable(asked: HumanMessage | None, schema: JsonSchema | None) -> Ending | None:
    if asked is None or not str(asked.text).strip():
        return Ending(outcome="failed", reason="There is no request. Send a message with a question.")
    try:
        if schema is not None:
            check_schema(schema)
    except WarrantError as error:
        return Ending(outcome="failed", reason=str(error))
    return None


def _blank() -> AgentState:
    """The channels of a turn as they start; None tells a reducer to empty its channel."""
    fresh: dict[str, Json] = {
        "plan": None,
        "tainted": False,
        "in_view": False,
        "feedback": [],
        "rounds": Rounds(plan=0, replan=0, answer=0),
        "awaiting": {},
        "draft": None,
        "answer": None,
        "reason": "",
    }
    emptied = dict.fromkeys(("held", "warrants", "results", "attempts", "violations", "verdicts", "usage"))
    return cast(AgentState, {**fresh, **emptied})
