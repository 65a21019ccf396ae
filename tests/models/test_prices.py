import json
from datetime import date
from importlib.resources import files

import pytest

from models.prices import cost
from state.settings import MODEL_OF_KEY


def test_a_call_costs_its_tokens_at_list_price() -> None:
    assert cost("openai:gpt-5-mini-2025-08-07", 1_000_000, 100_000) == pytest.approx(0.25 + 0.2)
    assert cost("gpt-5-mini-2025-08-07", 0, 0) == 0


@pytest.mark.parametrize(
    "name", ["openai:gpt-unknown", "http://127.0.0.1:8000/v1#gpt-5", "ollama:qwen3:8b", ""]
)
def test_an_unknown_price_is_none_and_not_nothing(name: str) -> None:
    assert cost(name, 10, 10) is None


def test_the_models_that_a_key_chooses_have_prices() -> None:
    assert all(cost(name, 1, 1) for name in MODEL_OF_KEY.values())


def test_the_list_is_dated_and_outputs_cost_more_than_inputs() -> None:
    listed = json.loads(files("models").joinpath("prices.json").read_text())
    assert date.fromisoformat(listed["date"])
    assert all(0 < price["input"] < price["output"] for price in listed["usd_per_million_tokens"].values())
