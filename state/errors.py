"""Errors that say what happened and the way out, and the exit code each one ends with."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of the command line; they are a contract and do not change."""

    ANSWERED = 0
    DIFFERENT = 1
    USAGE = 2
    REFUSED = 3
    NEEDS_HUMAN = 4
    FAILED = 5
    STOPPED = 130


class WarrantError(Exception):
    """Something went wrong; `way_out` is the command to run or the setting to change."""

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, way_out: str) -> None:
        super().__init__(message)
        self.message = message
        self.way_out = way_out

    def __str__(self) -> str:
        return f"{self.message} {self.way_out}".rstrip()


class UsageError(WarrantError):
    """The caller asked for something that cannot be done as asked."""

    exit_code = ExitCode.USAGE


class BoundExceededError(WarrantError):
    """A declared bound would be exceeded; nothing was spent beyond it."""
