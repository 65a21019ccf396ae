"""Runs without secrets and personal data: as they leave the machine, and as the policy may have them kept."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

from models.redaction import Redactor
from state.schema import Json
from state.trace import Run

REDACTED = ("name", "inputs", "outputs", "error", "extra", "tags")
"""Fields of a run that are redacted; the others are ids, times and the type."""
MOST_THREADS = 256
MOST_VALUES = 2_000
"""Of one conversation, the latest ones."""


class RedactedRuns:
    """Redacts runs, and remembers for each conversation what it found.

    A number that one run shows under its label comes again without it, in an answer or in the next question.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[str, OrderedDict[str, str]] = OrderedDict()
        self._lock = Lock()

    def __call__(self, runs: Sequence[Run]) -> list[Run]:
        """The runs with every text of their redacted fields replaced; ids of threads stay."""
        with self._lock:
            return [self._redacted(run) for run in runs]

    def _redacted(self, run: Run) -> Run:
        thread_id = run.metadata.get("thread_id")
        known = self._values(str(thread_id or run.trace_id))
        redact = Redactor(known=known)
        for name in REDACTED:  # what one field shows under its label may stand in another without it
            redact(getattr(run, name))
        update: dict[str, Json] = {name: redact(getattr(run, name)) for name in REDACTED}
        while len(known) > MOST_VALUES:
            known.popitem(last=False)
        if thread_id is not None:
            # Were two threads redacted to one text, they would become one.
            metadata = {**update["extra"]["metadata"], "thread_id": thread_id}
            update["extra"] = {**update["extra"], "metadata": metadata}
        return run.model_copy(update=update)

    def _values(self, conversation: str) -> OrderedDict[str, str]:
        known = self._known.setdefault(conversation, OrderedDict())
        self._known.move_to_end(conversation)
        while len(self._known) > MOST_THREADS:
            self._known.popitem(last=False)
        return known
