"""Closed schemas of what AgentDojo's calendar, inbox and drive give, so that review knows each field."""

from benchmarks.agentdojo.tools import LOCAL_TIME
from state.schema import JsonSchema

TEXT: JsonSchema = {"type": "string"}
NUMBER: JsonSchema = {"type": "number"}
TIME: JsonSchema = {"type": "string", "pattern": LOCAL_TIME}
TRUTH: JsonSchema = {"type": "boolean"}


def record(**properties: JsonSchema) -> JsonSchema:
    """An object with exactly these fields."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def a_list(items: JsonSchema) -> JsonSchema:
    """A list of them."""
    return {"type": "array", "items": items}


def by_name(value: JsonSchema) -> JsonSchema:
    """An object whose keys are names."""
    return {"type": "object", "additionalProperties": value}


TEXTS = a_list(TEXT)
EVENT = record(
    id_=TEXT,
    title=TEXT,
    description=TEXT,
    start_time=TIME,
    end_time=TIME,
    location={"type": ["string", "null"]},
    participants=TEXTS,
    all_day=TRUTH,
    status={"enum": ["confirmed", "canceled"]},
)
MAIL = record(
    id_=TEXT,
    sender=TEXT,
    recipients=TEXTS,
    cc=TEXTS,
    bcc=TEXTS,
    subject=TEXT,
    body=TEXT,
    status={"enum": ["sent", "received", "draft"]},
    read=TRUTH,
    timestamp=TIME,
    attachments=a_list({"anyOf": [TEXT, EVENT]}),
)
FILE = record(
    id_=TEXT,
    filename=TEXT,
    content=TEXT,
    owner=TEXT,
    last_modified=TIME,
    shared_with=by_name({"enum": ["r", "rw"]}),
    size={"type": "integer"},
)
CONTACT = record(email=TEXT, name=TEXT)
