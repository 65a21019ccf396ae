"""Defaults: what a tool takes for an argument that is left out, so that leaving it out is no change."""

from collections.abc import Mapping

from langchain_core.tools import BaseTool
from pydantic import BaseModel
from pydantic.errors import PydanticUserError
from pydantic_core import PydanticUndefined

from graphs.snapshot import snapshot
from state.canonical import sameness
from state.schema import Json


def defaults_of(tool: BaseTool) -> dict[str, Json]:
    """Defaults that a tool's own schema gives; what a factory makes may be new each time and is none."""
    try:
        schema = tool.tool_call_schema
    except (PydanticUserError, NameError):  # annotations that cannot be resolved
        return {}
    if isinstance(schema, dict):
        return schema_defaults(schema)
    if not issubclass(schema, BaseModel):
        return {}
    return {
        key: snapshot(field.default)
        for name, field in schema.model_fields.items()
        if field.default is not PydanticUndefined
        for key in {name, field.alias or name}
    }


def schema_defaults(schema: Mapping[str, Json]) -> dict[str, Json]:
    """Defaults in a JSON Schema of arguments."""
    properties = schema.get("properties") or {}
    return {
        name: one["default"] for name, one in properties.items() if isinstance(one, dict) and "default" in one
    }


def without_defaults(args: Json, defaults: Mapping[str, Json]) -> Json:
    """The arguments that are not at their defaults."""
    if not isinstance(args, dict):
        return args
    return {
        name: value
        for name, value in args.items()
        if name not in defaults or sameness(value) != sameness(defaults[name])
    }
