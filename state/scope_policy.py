"""What an assistant is for, said by examples."""

from typing import Annotated, Self, TypeAlias

from pydantic import Field, model_validator

from state.tool_policy import Section
from state.verdict import Action

Utterance: TypeAlias = Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"\S")]
Examples: TypeAlias = Annotated[tuple[Utterance, ...], Field(strict=False, min_length=5, max_length=1_000)]
INTENTS = "{intents}"
"""Stands in the reply for the names of the intents."""


class ScopePolicy(Section):
    """What requests the assistant is for; the classifier `scope` at `gate.screen` compares with them."""

    inside: dict[str, Examples] = Field(min_length=1)
    """Intent → at least 5 requests of it, as people write them."""
    outside: dict[str, Examples] = Field(default_factory=dict)
    """What is asked often and not offered: intent → at least 5 requests of it."""
    reply: str = Field(default=f"I can help with {INTENTS}.", min_length=1, max_length=2_000)
    """What somebody reads whose request is refused; `{intents}` stands for the names of the inside ones."""
    false_alarms: float = Field(default=0.05, gt=0, lt=1)
    """Share of requests like the inside examples that is refused at most; 5 % takes 59 of them."""
    confidence: float = Field(default=0.95, gt=0, lt=1)
    """How surely that holds."""
    action: Action | None = None
    """What follows outside of the scope; by default `refuse` where the promise can be made, else `flag`."""
    threshold: float | None = Field(default=None, ge=0, le=1)
    """Probability from which a request counts as outside; by default the one that keeps the promise."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        inside = {_told(text) for texts in self.inside.values() for text in texts}
        both = [text for texts in self.outside.values() for text in texts if _told(text) in inside]
        if both:
            raise ValueError(f"{both[0]!r} is an example of inside and of outside")
        if self.action == "quarantine":
            raise ValueError("a request cannot be put into quarantine; use flag, ask or refuse")
        return self

    def said(self) -> str:
        """The reply, with the names of the intents."""
        return self.reply.replace(INTENTS, "; ".join(self.inside))


def distinct(examples: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """All utterances, those that differ in case and white space only once."""
    first: dict[str, str] = {}
    for texts in examples.values():
        for text in texts:
            first.setdefault(_told(text), text)
    return tuple(first.values())


def _told(text: str) -> str:
    return " ".join(text.casefold().split())
