"""Which models think, and how much each provider is asked for."""

from typing import Literal

from pydantic import Field

from state.tool_policy import Section


class ProviderLimits(Section):
    """What one provider is asked for by all runs of a process together; None is no bound."""

    requests_per_minute: int | None = Field(default=None, ge=1, le=1_000_000)
    tokens_per_minute: int | None = Field(default=None, ge=100, le=1_000_000_000)
    """Input and output together; estimated before a request, corrected by what the provider reports."""
    concurrency: int | None = Field(default=None, ge=1, le=10_000)
    """Requests under way at once."""
    queue: int = Field(default=100, ge=0, le=100_000)
    """Requests that wait for their turn; one more is refused at once."""
    queue_seconds: float = Field(default=60.0, gt=0, le=3600)
    """Longest wait of one request."""
    failures: int | None = Field(default=None, ge=1, le=1_000)
    """Failed requests in a row that open the breaker; None is 5, or what the retries of one call need."""
    cooldown_seconds: float = Field(default=30.0, gt=0, le=3600)
    """Time after which an open breaker lets one request through."""


class ModelsPolicy(Section):
    """Which models think."""

    chat: str | None = None
    """Name of the chat model; None leaves the choice to the environment."""
    fallback: tuple[str, ...] = Field(default=(), strict=False)
    """Chat models that are asked, in this order, when the one before fails."""
    embedding: str = "minilm"
    timeout_seconds: float = Field(default=60.0, gt=0, le=600)
    """Longest silence of a model, before its first token and between tokens."""
    reply_seconds: float = Field(default=600.0, gt=0, le=7200)
    """Longest time of one whole reply, since a model that drips tokens is never silent."""
    transport_retries: int = Field(default=2, ge=0, le=10)
    """How often a request is sent again after 408, 409, 429, 5xx or a lost connection."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """Asked of models that have one; None leaves it to the provider."""
    max_reply_bytes: int = Field(default=200_000, ge=1_000, le=100_000_000)
    """A longer reply is cut off and counts as a violation."""
    redact: Literal["off", "secrets", "all"] = "secrets"
    """What a provider's model is shown placeholders for, such as `[email_1]`: `secrets`, or `all`, which is
    personal data too. The values are put back into the reply. `offline` and tapes are shown everything."""
    limits: dict[str, ProviderLimits] = Field(default_factory=dict)
    """By provider, such as `openai` or, of a URL, `127.0.0.1:8000`, or by a model's whole name."""
