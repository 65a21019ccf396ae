"""Reading names as words: `order_status`, `getOrderStatus` and `order-status` say the same."""

import re

from models.offline.prompt import Tool
from models.text import terms
from state.schema import Json

WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def words(name: str) -> list[str]:
    """The words of an identifier, in lower case."""
    return [word.lower() for word in WORD.findall(name)]


def name_terms(name: str) -> list[str]:
    """The stemmed words of an identifier."""
    return terms(" ".join(words(name)))


def tool_terms(tool: Tool) -> set[str]:
    """Stemmed words of a tool's name, description, arguments and results."""
    fields = " ".join(
        word for name in (*_names(tool.input_schema), *_names(tool.output_schema)) for word in words(name)
    )
    return {*name_terms(tool.name), *terms(tool.description), *terms(fields)}


def _names(schema: Json, depth: int = 0) -> list[str]:
    """Names of properties and values of enums, at any depth."""
    if depth > 8 or not isinstance(schema, dict | list):
        return []
    if isinstance(schema, list):
        return [name for part in schema for name in _names(part, depth + 1)]
    properties = schema.get("properties")
    own = [*(properties if isinstance(properties, dict) else ()), *map(str, schema.get("enum") or ())]
    return own + [name for part in schema.values() for name in _names(part, depth + 1)]
