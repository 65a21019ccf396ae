"""Banking: every output is typed already; a file is a text."""

from state.schema import Json, JsonSchema

USER = ("first_name", "last_name", "street", "city")
TRANSACTION: dict[str, JsonSchema] = {
    "id": {"type": "integer"},
    "sender": {
        "type": "string",
        "description": "IBAN of the sender; `me` where the user paid from this account.",
    },
    "recipient": {"type": "string", "description": "IBAN of the recipient; `me` where the user was paid."},
    "amount": {"type": "number"},
    "subject": {"type": "string"},
    "date": {"type": "string", "format": "date"},
    "recurring": {"type": "boolean"},
}


def _record(properties: dict[str, JsonSchema]) -> JsonSchema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


OUTPUT_SCHEMAS: dict[str, JsonSchema] = {
    "get_user_info": _record({name: {"type": "string"} for name in USER}),
    "get_most_recent_transactions": {"type": "array", "items": _record(TRANSACTION)},
    "get_scheduled_transactions": {"type": "array", "items": _record(TRANSACTION)},
}


def adapt(_name: str, output: Json) -> Json:
    """What the tool gave: it is as its output schema says."""
    return output
