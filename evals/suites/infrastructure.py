"""What is the fault of what the agent runs on, and not of the agent."""

import errno
import sqlite3
from collections.abc import Iterator

from graphs.run import CheckpointError
from models.breaker import OpenCircuitError
from models.chat import ModelError
from models.failure import RejectedError
from state.database import StoreError
from state.errors import WarrantError

BROKEN = (ConnectionError, StoreError, CheckpointError, OpenCircuitError, sqlite3.OperationalError)
TRANSPORT = {"TransportError", "APIConnectionError"}
"""Classes of httpx and of the SDKs made alike, below which every lost connection and timeout is."""
BUSY = {401, 403, 408, 425, 429}
"""HTTP status of a request that was not served, beside 500 and more: wrong key, timeout, rate limit."""
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE}


class InfrastructureError(WarrantError):
    """A trial could not be run: it says nothing about the agent."""


def is_infrastructure(error: BaseException) -> bool:
    """Decide by type, of the exception and of what it says caused it.

    Infrastructure are lost connections and timeouts of a transport, HTTP errors that say the server or the
    key is at fault, a store or a disk that cannot be written, and a model that could not be asked (under a
    tape also one that was not recorded: nobody knows what it would have said). Everything else that a graph
    raises is its own failure, and so is a trial that took too long.
    """
    return any(_is_broken(cause) for cause in _causes(error))


def _is_broken(error: BaseException) -> bool:
    if isinstance(error, RejectedError):
        return False
    if isinstance(error, (*BROKEN, ModelError, InfrastructureError)):
        return True
    if isinstance(error, OSError) and error.errno in FULL:
        return True
    status = _status(error)
    by_status = status is not None and (status >= 500 or status in BUSY)
    return by_status or any(kind.__name__ in TRANSPORT for kind in type(error).__mro__)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and what it names as its cause, those of groups too; what it merely followed is none."""
    found: list[BaseException | None] = [error]
    for _ in range(50):
        if not found:
            return
        if (cause := found.pop()) is not None:
            yield cause
            found += [cause.__cause__, *(cause.exceptions if isinstance(cause, BaseExceptionGroup) else ())]


def _status(error: BaseException) -> int | None:
    places = (error, getattr(error, "response", None))
    found = [getattr(place, "status_code", None) for place in places]
    return next((status for status in found if isinstance(status, int)), None)
