"""What a model call costs, by a dated list of prices."""

import json
from functools import cache
from importlib.resources import files


def cost(model: str, input_tokens: int, output_tokens: int) -> float | None:
    """US dollars by list price; None if the model is not on the list.

    Args:
        model: The model's name, with or without its provider.
        input_tokens: Counted at full price; discounts for cached tokens are not subtracted.
        output_tokens: Reasoning tokens included.
    """
    price = prices().get(model.partition(":")[2] or model)
    if price is None:
        return None
    return (input_tokens * price["input"] + output_tokens * price["output"]) / 1_000_000


@cache
def prices() -> dict[str, dict[str, float]]:
    """US dollars per million `input` and `output` tokens by model; the first call reads a file."""
    text = files("models").joinpath("prices.json").read_text(encoding="utf-8")
    listed: dict[str, dict[str, float]] = json.loads(text)["usd_per_million_tokens"]
    return listed
