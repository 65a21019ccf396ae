"""Banking: every output is typed already; a file is a text."""

from state.schema import Json, JsonSchema

USER = ("first_name", "last_name", "street", "city")

OUTPUT_SCHEMAS: dict[str, JsonSchema] = {
    "get_user_info": {
        "type": "object",
        "properties": {name: {"type": "string"} for name in USER},
        "required": list(USER),
        "additionalProperties": False,
    }
}


def adapt(name: str, output: Json) -> Json:
    """What the tool gave, as its output schema says."""
    return output
