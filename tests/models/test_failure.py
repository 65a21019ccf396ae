from email.utils import format_datetime

import pytest
from langchain_core.exceptions import ContextOverflowError, ModelRateLimitError

from models.chat import ModelError, TransientModelError
from models.failure import Origin, RejectedError, failure
from state.usage import Usage

ORIGIN = Origin("p:m", "Set KEY.", "Look it up.", "p")


class Response:
    def __init__(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.status_code = status
        self.headers = headers or {}


class SdkError(Exception):
    """The shape that most SDKs give their exceptions."""

    def __init__(self, status: int | None = None, body: object = None, **headers: str) -> None:
        super().__init__("it says so")
        self.body = body
        self.response = Response(
            status or 0, {name.replace("_", "-"): text for name, text in headers.items()}
        )


class CodedError(Exception):
    """The shape of Google's exceptions."""

    def __init__(self, code: object) -> None:
        super().__init__("it says so")
        self.code = code


class TransportError(Exception):
    pass


class LostError(TransportError):
    pass


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def kind(error: Exception) -> type[ModelError]:
    return type(failure(error, ORIGIN, Usage(model_calls=1)))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (SdkError(429), TransientModelError),
        (SdkError(500), TransientModelError),
        (SdkError(529), TransientModelError),
        (CodedError(503), TransientModelError),
        (SdkError(body={"code": 429, "message": "slow down"}), TransientModelError),
        (ConnectionResetError(), TransientModelError),
        (caused(ValueError(), BrokenPipeError()), TransientModelError),
        (caused(ValueError(), ExceptionGroup("both", [ConnectionRefusedError()])), TransientModelError),
        (LostError(), TransientModelError),
        (ModelRateLimitError(), TransientModelError),
        (SdkError(400), RejectedError),
        (SdkError(422), RejectedError),
        (SdkError(500, {"message": "unknown response_format"}), RejectedError),
        (ContextOverflowError(), ModelError),
        (SdkError(401), ModelError),
        (SdkError(403), ModelError),
        (SdkError(404), ModelError),
        (CodedError("rate_limit"), ModelError),
        (CodedError(7), ModelError),
        (ValueError("odd"), ModelError),
        (KeyError("choices"), ModelError),
    ],
)
def test_whether_the_same_request_may_succeed_later(error: Exception, expected: type[ModelError]) -> None:
    assert kind(error) is expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2", 2.0),
        (" 0.5 ", 0.5),
        ("-1", None),
        ("inf", None),
        ("nan", None),
        ("soon", None),
        ("9" * 400, None),
    ],
)
def test_retry_after_in_seconds(text: str, seconds: float | None) -> None:
    error = failure(SdkError(429, retry_after=text), ORIGIN, Usage())
    assert isinstance(error, TransientModelError)
    assert error.retry_after == seconds


def test_retry_after_at_a_date_that_is_over() -> None:
    from datetime import UTC, datetime

    error = failure(
        SdkError(429, retry_after=format_datetime(datetime(2020, 1, 1, tzinfo=UTC))), ORIGIN, Usage()
    )
    assert isinstance(error, TransientModelError)
    assert error.retry_after == 0


def test_a_chain_of_causes_that_goes_in_a_circle_ends() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    assert kind(one) is ModelError


def test_a_long_message_is_clipped_to_one_line() -> None:
    said = str(failure(ValueError("x\n" * 10_000), ORIGIN, Usage()))
    assert len(said) < 450
    assert "\n" not in said
