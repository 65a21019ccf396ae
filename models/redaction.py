"""Redaction: what leaves the machine holds the kind of a secret, not the secret."""

from models.sensitive import find
from state.schema import Json


def redact(text: str) -> str:
    """Replace every sensitive part by its kind, such as `[email]`; redacting twice changes nothing."""
    # A part may be recognised only once its neighbour is gone; each round takes characters away for good.
    while matches := find(text):
        for match in reversed(matches):
            text = f"{text[: match.start]}[{match.kind}]{text[match.end :]}"
    return text


def redact_json(value: Json) -> Json:
    """Redact every string in a JSON value; keys stay as they are."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: redact_json(part) for key, part in value.items()}
    if isinstance(value, list):
        return [redact_json(part) for part in value]
    return value
