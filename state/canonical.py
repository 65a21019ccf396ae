"""Canonical JSON and digests, so that equal values have equal hashes in every process."""

import hashlib
import json


def canonical(value: object) -> str:
    """Render a JSON value with sorted keys and no white space.

    Raises:
        TypeError: the value is not JSON.
        ValueError: the value holds NaN or an infinity.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sameness(value: object) -> str:
    """A text that values share which JSON Schema calls equal: 1.0 is 1."""
    return canonical(_integral(value))


def _integral(value: object) -> object:
    if isinstance(value, dict):
        return {key: _integral(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_integral(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def digest(value: object) -> str:
    """SHA-256 of the canonical form, as `sha256:` and 64 hexadecimal digits."""
    return digest_text(canonical(value))


def digest_text(text: str) -> str:
    """SHA-256 of a text in UTF-8; lone surrogates are kept apart, not merged."""
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
