"""The conversation as a prompt shows it."""

from collections.abc import Sequence

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

MAX_TURNS = 12
MAX_CHARS = 2_000


def history(messages: Sequence[AnyMessage]) -> list[dict[str, str]] | None:
    """The last MAX_TURNS messages before the one that asks, each cut at MAX_CHARS; None if there are none."""
    asks = max((at for at, message in enumerate(messages) if isinstance(message, HumanMessage)), default=0)
    roles = {HumanMessage: "user", AIMessage: "assistant"}
    earlier = [
        {"role": roles[type(message)], "content": message.text[:MAX_CHARS]}
        for message in messages[:asks]
        if type(message) in roles
    ]
    return earlier[-MAX_TURNS:] or None
