"""Sending runs to LangSmith: the same ones that the store keeps, redacted first."""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from langsmith import Client
from langsmith.utils import LangSmithError, LangSmithUserError
from urllib3 import Retry

from graphs.outbox import RefusedError
from graphs.redacting import RedactedRuns
from state.errors import WarrantError
from state.schema import Json
from state.trace import Run

BATCH = 20
"""Runs in one request."""

BUSY = frozenset({408, 425, 429})
STATUS = re.compile(r"(4\d\d) Client Error")
"""How the SDK tells a refusal in words; by class it does not tell one from a server that is down."""


class ExportError(WarrantError):
    """LangSmith did not take the runs; the store has them all the same."""


class LangSmithExport:
    """Delivers runs to LangSmith; it belongs into an Outbox, whose thread may wait for the network."""

    def __init__(self, url: str, api_key: str | None, project: str) -> None:
        """Take where to."""
        self._url, self._api_key, self._project = url, api_key, project
        self._client: Client | None = None
        self._failure: Exception | None = None
        self._known: set[str] = set()
        self._redacted = RedactedRuns()

    def send(self, runs: list[Run]) -> None:
        """Create runs at LangSmith, or complete those that are there.

        Raises:
            ExportError: the server cannot be reached or is busy; the same runs may be sent later.
            RefusedError: the server refuses the key or these runs.
        """
        for start in range(0, len(runs), BATCH):
            self._send(runs[start : start + BATCH])

    def _send(self, runs: list[Run]) -> None:
        client = self._opened()
        payloads = [self._payload(run) for run in self._redacted(runs)]
        self._failure = None
        with only_said_by_us():
            client.multipart_ingest(
                create=[each for each in payloads if each["id"] not in self._known],
                update=[each for each in payloads if each["id"] in self._known],
            )
        if self._failure is not None:
            raise self._explained(self._failure)
        self._known |= {run.id for run in runs if run.end_time is None}
        self._known -= {run.id for run in runs if run.end_time is not None}

    def _opened(self) -> Client:
        """The client, without a thread of its own, retries, or an exit handler that waits."""
        if self._client is None:
            try:
                self._client = Client(
                    self._url,
                    api_key=self._api_key,
                    auto_batch_tracing=False,
                    omit_traced_runtime_info=True,
                    retry_config=Retry(0),
                    tracing_error_callback=self._fail,
                )
            except LangSmithError as error:
                raise self._explained(error) from error
        return self._client

    def _fail(self, error: Exception) -> None:
        self._failure = error

    def _explained(self, error: Exception) -> WarrantError:
        status = STATUS.search(str(error))
        refused = isinstance(error, LangSmithUserError) or (status and int(status[1]) not in BUSY)
        kind = RefusedError if refused else ExportError
        reason = " ".join(str(error).split())[:200]
        way_out = "Check LANGSMITH_ENDPOINT and LANGSMITH_API_KEY, or unset LANGSMITH_TRACING."
        return kind(f"LangSmith at {self._url} takes no runs: {reason}.", way_out)

    def _payload(self, run: Run) -> dict[str, Json]:
        """The redacted run as LangSmith takes it."""
        payload: dict[str, Json] = run.model_dump(mode="json")
        payload["extra"].pop("runtime", None)
        first_token = payload["extra"].pop("first_token_time", None)
        if first_token is not None:
            payload["events"] = [{"name": "new_token", "time": first_token}]
        return {**payload, "session_name": self._project}


@contextmanager
def only_said_by_us() -> Iterator[None]:
    """Keep the SDK from logging each failure of this thread, which the outbox says once."""
    me, log = threading.get_ident(), logging.getLogger("langsmith.client")

    def others(record: logging.LogRecord) -> bool:
        return record.thread != me

    log.addFilter(others)
    try:
        yield
    finally:
        log.removeFilter(others)
