from collections.abc import Callable
from typing import Any

import pytest

from models.offline.planner import plan
from models.offline.prompt import PlanPrompt

ORDER_ID = {"type": "string", "pattern": "^WR-[0-9]{4}$"}
TOOLS: list[dict[str, Any]] = [
    {
        "name": "search_documents",
        "description": "Searches the indexed documents.",
        "effect": "read",
        "retrieves": True,
        "input_schema": {
            "type": "object",
            "properties": {
                "query": {"type": "string", "minLength": 1, "maxLength": 2000},
                "passages": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "default": None},
            },
            "required": ["query"],
            "additionalProperties": False,
        },
        "output_schema": {},
    },
    {
        "name": "calculate",
        "description": "Calculates an arithmetic expression exactly.",
        "effect": "read",
        "input_schema": {
            "type": "object",
            "properties": {"expression": {"type": "string", "minLength": 1, "maxLength": 500}},
            "required": ["expression"],
        },
    },
    {
        "name": "order_status",
        "description": "Looks up status, items and total of an order.",
        "effect": "read",
        "input_schema": {"type": "object", "properties": {"order_id": ORDER_ID}, "required": ["order_id"]},
        "output_schema": {
            "type": "object",
            "properties": {"order_id": {}, "status": {"enum": ["shipped", "delivered"]}, "total": {}},
        },
    },
    {
        "name": "refund_order",
        "description": "Pays money back for a delivered order.",
        "effect": "write",
        "input_schema": {
            "type": "object",
            "properties": {
                "order_id": ORDER_ID,
                "amount": {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "null"}]},
                "reason": {"anyOf": [{"type": "string", "maxLength": 200}, {"type": "null"}]},
            },
            "required": ["order_id"],
        },
    },
    {
        "name": "opening_hours",
        "description": "Opening hours of a shop.",
        "effect": "read",
        "input_schema": {
            "type": "object",
            "properties": {"city": {"$ref": "#/$defs/City"}},
            "required": ["city"],
            "$defs": {"City": {"enum": ["Berlin", "Paris", "New York"]}},
        },
    },
    {
        "name": "send_mail",
        "description": "Sends a message to an address.",
        "effect": "outward",
        "input_schema": {
            "type": "object",
            "properties": {"to": {"type": "string", "format": "email"}, "body": {"type": "string"}},
            "required": ["to", "body"],
        },
    },
    {
        "name": "find_flights",
        "description": "Finds flights between two airports.",
        "effect": "read",
        "input_schema": {
            "type": "object",
            "properties": {
                "origin": {"type": "string", "pattern": "^[A-Z]{3}$"},
                "destination": {"type": "string", "pattern": "^[A-Z]{3}$"},
                "date": {"type": "string", "format": "date"},
                "passengers": {"type": "integer", "minimum": 1, "maximum": 9},
            },
            "required": ["origin", "destination", "date"],
        },
    },
]

Planned = list[tuple[str, dict[str, Any]]]


@pytest.fixture(scope="session")
def tools() -> list[dict[str, Any]]:
    return TOOLS


@pytest.fixture(scope="session")
def planned() -> Callable[..., Planned]:
    def run(request: str, **sections: Any) -> Planned:
        offered = {"tools": TOOLS, **sections}
        prompt = PlanPrompt.model_validate({"task": "plan", "request": request, **offered})
        return [(step.tool, step.args) for step in plan(prompt).steps]

    return run
