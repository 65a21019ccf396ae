"""What went wrong with a provider, in our words: whether to try again, and the way out."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from models.chat import ModelError, TransientModelError
from state.usage import Usage

RETRYABLE = {408, 409, 425, 429}
REJECTING = {400, 422, 501}
"""How servers answer a request that uses what they do not know."""
STRUCTURE = re.compile(
    r"response_format|json_schema|json schema|grammar|tool_choice|\btools?\b", re.IGNORECASE
)
TRANSPORT = {"TransportError", "APIConnectionError"}
"""Classes of httpx and of the SDKs made alike, below which every lost connection and timeout is."""
MAX_SHOWN = 300


@dataclass(frozen=True)
class Origin:
    """Where a model's replies come from; it lets an error say the way out."""

    name: str
    """The model's name, as the user gave it."""
    key: str
    """How to give a key."""
    models: str
    """How to find the right name of a model."""
    server: str
    """What should answer, such as a URL."""


class RejectedError(ModelError):
    """The server does not take the way in which a schema was asked for; another way may work."""


def failure(error: Exception, origin: Origin, usage: Usage) -> ModelError:
    """Translate what a provider's library raised.

    Args:
        error: Any exception; HTTP status, headers and body are looked for where SDKs keep them.
        origin: Names the way out.
        usage: What the call has spent.
    """
    code, said = _status(error), _said(error)
    if code in {401, 403}:
        return ModelError(f"{origin.name} refused the key ({code}): {said}.", origin.key, usage)
    if code == 404:
        return ModelError(f"{origin.name} was not found (404): {said}.", origin.models, usage)
    if _is_rejection(error, code, said):
        message = f"{origin.name} rejected the request ({code}): {said}."
        return RejectedError(message, "Correct the request or name another model.", usage)
    if _is_transient(error, code):
        return _transient(error, code, origin, usage)
    way_out = f"Check that {origin.server} answers with a stream of chat completions."
    return ModelError(f"{origin.name} failed: {said}.", way_out, usage)


def _transient(error: Exception, code: int | None, origin: Origin, usage: Usage) -> TransientModelError:
    if any(isinstance(cause, ConnectionRefusedError) for cause in _causes(error)):
        message, way_out = f"Nothing answers at {origin.server}.", "Start the server or correct its address."
    else:
        where = f" ({code})" if code else ""
        message = f"{origin.name} is not available now{where}: {_said(error)}."
        way_out = "Try again later or name a fallback in policy.toml (models.fallback)."
    return TransientModelError(message, way_out, usage, retry_after=_retry_after(_headers(error)))


def _is_transient(error: Exception, code: int | None) -> bool:
    if "insufficient_quota" in str(error):
        return False  # a 429 that only paying ends
    if code is not None:
        return code in RETRYABLE or code >= 500
    # is_retryable is langchain-core's own classification, which its newer integrations raise.
    return any(
        isinstance(cause, OSError) or getattr(cause, "is_retryable", False) or _is_transport(cause)
        for cause in _causes(error)
    )


def _is_transport(error: BaseException) -> bool:
    return any(kind.__name__ in TRANSPORT for kind in type(error).__mro__)


def _is_rejection(error: Exception, code: int | None, said: str) -> bool:
    """Some servers say 500 to a `response_format` they do not know."""
    if any(kind.__name__ == "ContextOverflowError" for kind in type(error).__mro__):
        return False
    return code in REJECTING or (code == 500 and STRUCTURE.search(said) is not None)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and what led to it, explicitly or not; those of a group too."""
    found: list[BaseException | None] = [error]
    for _ in range(20):
        if (cause := found.pop() if found else None) is None:
            return
        yield cause
        inner = cause.exceptions if isinstance(cause, BaseExceptionGroup) else ()
        found += [each for each in (cause.__cause__ or cause.__context__, *inner) if each is not None]


def _status(error: Exception) -> int | None:
    """HTTP status of an SDK's exception, or of an error event in its stream."""
    body = getattr(error, "body", None)
    places = (error, getattr(error, "response", None))
    found = [getattr(place, name, None) for place in places for name in ("status_code", "code")]
    found.append(body.get("code") if isinstance(body, Mapping) else None)
    return next((code for code in found if isinstance(code, int) and 400 <= code < 600), None)


def _headers(error: Exception) -> Mapping[str, str]:
    headers = getattr(getattr(error, "response", None), "headers", None)
    return headers if isinstance(headers, Mapping) else {}


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, by `retry-after-ms` or `Retry-After` (RFC 9110, section 10.2.3: seconds or a date)."""
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    text = headers.get("retry-after")
    if text is None or (seconds := _number(text)) is not None:
        return seconds if text is not None else None
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    wait = date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)
    return max(0.0, wait.total_seconds())


def _number(text: str | None) -> float | None:
    """A count of seconds; `inf`, `nan` and negative ones are none."""
    return float(text) if text is not None and re.fullmatch(r"\s*\d{1,9}(\.\d*)?\s*", text) else None


def _said(error: Exception) -> str:
    body = getattr(error, "body", None)
    told = body.get("message") if isinstance(body, Mapping) else None
    if told is None and _status(error) is None:
        told = f"{type(error).__name__}: {error}".rstrip(": ")
    text = " ".join(str(told or error).split()).rstrip(".")
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
