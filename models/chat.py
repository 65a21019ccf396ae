"""The shape of everything that thinks: a prompt in, a reply out."""

from dataclasses import dataclass, field
from typing import Protocol

from langchain_core.messages import BaseMessage

from state.errors import WarrantError
from state.schema import Json, JsonSchema, Violation
from state.usage import Usage


@dataclass(frozen=True)
class Prompt:
    """What a model is asked: messages, and the JSON Schema of the reply."""

    task: str
    """Short name of what is asked, such as `plan` or `answer`; it names the schema towards the provider."""
    messages: tuple[BaseMessage, ...]
    schema: JsonSchema


@dataclass(frozen=True)
class Reply:
    """What came back from one call; `violations` is empty exactly if `value` satisfies the schema."""

    text: str
    """The reply as the model wrote it, cut at the policy's `max_reply_bytes`."""
    value: Json
    violations: tuple[Violation, ...]
    model: str
    """The model that answered: a fallback may have."""
    strategy: str
    """How the schema was asked for: `native`, `tool` or `prompted`."""
    usage: Usage = field(default_factory=Usage)


class ModelError(WarrantError):
    """A model could not be asked: bad name, no key, refused, timed out, or the transport failed."""

    def __init__(self, message: str, way_out: str, usage: Usage | None = None) -> None:
        super().__init__(message, way_out)
        self.usage = usage or Usage()
        """What was spent all the same."""


class TransientModelError(ModelError):
    """The same request may succeed later."""

    def __init__(
        self, message: str, way_out: str, usage: Usage | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message, way_out, usage)
        self.retry_after = retry_after
        """Seconds that the provider asked to wait."""


class NotSentError(TransientModelError):
    """Nothing was sent, since the provider is down or its limits are reached; another one can be asked."""


class Chat(Protocol):
    """A chat model, or a wrapper around one: all have the same shape, so that they stack."""

    @property
    def name(self) -> str:
        """The pinned name that goes into the stamp."""
        ...

    async def reply(self, prompt: Prompt) -> Reply:
        """Ask once.

        Raises:
            ModelError: no reply could be had.
        """
        ...
