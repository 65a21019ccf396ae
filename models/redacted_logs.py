"""Logs without secrets and personal data: a filter for the handlers and loggers that are ours."""

import logging

from models.redaction import redact

LOGGERS = ("warrant", "models.gate.judging")
"""What Warrant itself logs to, wherever the program that it runs in writes it."""


class RedactedRecords(logging.Filter):
    """Replaces what must not be read in a record: in its message, its arguments, its error and its stack."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, redacted."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # arguments that do not fit, which a handler would report
            message = f"{record.msg} {record.args}"
        record.msg, record.args = redact(message), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            # The error itself would be written as it is by a handler that formats it anew.
            record.exc_text, record.exc_info = redact(record.exc_text), None
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True


REDACTED = RedactedRecords()


def redact_logs(*handlers: logging.Handler) -> None:
    """Redact what these handlers write, and what Warrant logs; again changes nothing."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(REDACTED)
    for handler in handlers:
        handler.addFilter(REDACTED)
