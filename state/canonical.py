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


def digest(value: object) -> str:
    """SHA-256 of the canonical form, as `sha256:` and 64 hexadecimal digits."""
    return digest_text(canonical(value))


def digest_text(text: str) -> str:
    """SHA-256 of a text in UTF-8; lone surrogates are kept apart, not merged."""
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
