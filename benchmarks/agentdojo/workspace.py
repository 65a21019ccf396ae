"""Workspace: mails, events and files are typed already; a day is a date."""

from benchmarks.agentdojo.injections import ground_truth
from state.schema import Json, JsonSchema

__all__ = ["OUTPUT_SCHEMAS", "adapt", "ground_truth"]

OUTPUT_SCHEMAS: dict[str, JsonSchema] = {"get_current_day": {"type": "string", "format": "date"}}


def adapt(_name: str, output: Json) -> Json:
    """What the tool gave, as its output schema says."""
    return output
