"""Usage: what a run has spent so far."""

from pydantic import BaseModel, ConfigDict, Field


class Usage(BaseModel):
    """Model calls, tokens and money; adds up with `+`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model_calls: int = Field(default=0, ge=0)
    """Requests sent to a model, retries of the transport included."""
    input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    cost_usd: float | None = Field(default=0.0, ge=0.0)
    """US dollars by the price list; None where a price is unknown."""
    estimated: bool = False
    """Whether some tokens were estimated from characters, since a server did not report them."""

    def __add__(self, other: "Usage") -> "Usage":
        costs = (self.cost_usd, other.cost_usd)
        return Usage(
            model_calls=self.model_calls + other.model_calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost_usd=None if None in costs else sum(cost or 0.0 for cost in costs),
            estimated=self.estimated or other.estimated,
        )
