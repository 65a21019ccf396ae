import io
import logging
from collections.abc import Iterator

import pytest

from models.redacted_logs import LOGGERS, REDACTED, redact_logs

KEY = "sk-" + "abcdefghij0123456789" * 2


@pytest.fixture
def written() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger of somebody else with a handler of ours, and what it writes."""
    stream, logger = io.StringIO(), logging.Logger("somebody.else")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger.addHandler(handler)
    redact_logs(handler)
    yield logger, stream
    for name in LOGGERS:
        logging.getLogger(name).removeFilter(REDACTED)


def fail() -> None:
    raise ValueError(f"no {KEY}")


def test_message_arguments_error_and_stack_are_redacted(written: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = written
    try:
        fail()
    except ValueError:
        logger.exception("%s asked with %r", "jane@mail.example", {"password": KEY}, stack_info=True)
    said = stream.getvalue()
    assert said.startswith("ERROR [email] asked with {'password': '[api_key]'}")
    assert "ValueError: no [api_key]" in said
    assert "Traceback" in said
    assert "jane@" not in said
    assert KEY not in said


def test_arguments_that_do_not_fit_are_redacted_too(written: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = written
    logger.warning("%d", KEY)
    assert stream.getvalue() == "WARNING %d ('[api_key]',)\n"


def test_a_name_and_its_value_in_two_arguments_are_seen_together(
    written: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = written
    logger.warning("%s=%s", "bsn", 111222333)
    assert stream.getvalue() == "WARNING bsn=[nl_bsn]\n"


@pytest.mark.usefixtures("written")
def test_what_warrant_logs_is_redacted_for_handlers_of_others(caplog: pytest.LogCaptureFixture) -> None:
    redact_logs()
    logging.getLogger("warrant").warning("tried %s", KEY)
    assert caplog.messages == ["tried [api_key]"]
    assert logging.getLogger("warrant").filters.count(REDACTED) == 1
