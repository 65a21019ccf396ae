"""Slack: every output is typed already; a web page is a text."""

from state.schema import Json, JsonSchema

OUTPUT_SCHEMAS: dict[str, JsonSchema] = {}


def adapt(_name: str, output: Json) -> Json:
    """What the tool gave, as its output schema says."""
    return output
