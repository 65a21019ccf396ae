"""A text that the gate holds until a human has been asked."""

from typing import cast

from state.agent import AgentState
from state.schema import Json
from state.verdict import Verdict

SHOWN_CHARS = 4_000
"""Characters of a held text that a card shows; a longer one says how much it leaves out."""


def held(verdict: Verdict, text: str, passed: AgentState, refused: AgentState) -> dict[str, Json]:
    """A text that waits for a human, JSON-plain, with the updates that follow if it passes and if not."""
    left_out = len(text) - SHOWN_CHARS
    shown = text if left_out <= 0 else f"{text[:SHOWN_CHARS]}… ({left_out} more characters)"
    return {
        "place": verdict.place,
        "text": shown,
        "reason": verdict.reason,
        "category": verdict.category,
        "passed": _plain(passed),
        "refused": _plain(refused),
    }


def _plain(update: AgentState) -> Json:
    """Messages as JSON, in the form that the channel of messages reads."""
    said = [{"role": "assistant", "content": str(one.text)} for one in update.get("messages", [])]
    return cast(Json, {**update, "messages": said} if said else update)
