"""What a server answered, as the JSON that the capability promises."""

from mcp_types import CallToolResult, TextContent

from state.schema import Json, JsonSchema, violations
from tools.mcp.definition import Definition

CONTENT: JsonSchema = {
    "type": "object",
    "properties": {
        "content": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "kind": {"enum": ["text", "image", "audio", "resource_link", "resource"]},
                    "text": {"type": "string", "description": "Empty where the part is not text."},
                },
                "required": ["kind", "text"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["content"],
    "additionalProperties": False,
}
"""The output of a tool that has no output schema; only text is handed on."""


class AnswerError(Exception):
    """The server answered, but not with a result."""


def output_schema(definition: Definition) -> JsonSchema:
    """What the capability's output satisfies."""
    return CONTENT if definition.output_schema is None else definition.output_schema


def output(definition: Definition, result: CallToolResult) -> Json:
    """The output, which the registry validates.

    Raises:
        AnswerError: its structured content is not what its definition promises.
    """
    if definition.output_schema is None:
        return {"content": [_part(block) for block in result.content]}
    if "structured_content" not in result.model_fields_set:
        raise AnswerError("it gave no structured content")
    if violations(definition.output_schema, result.structured_content):
        # The violation would quote the server, and this text goes to a planner.
        raise AnswerError("its structured content breaks its output schema")
    return result.structured_content


def error_text(result: CallToolResult) -> str:
    """What the server says went wrong, for its log."""
    return " ".join(block.text for block in result.content if isinstance(block, TextContent))


def _part(block: object) -> Json:
    text = block.text if isinstance(block, TextContent) else ""
    return {"kind": getattr(block, "type", "resource"), "text": text}
