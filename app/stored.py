"""The traces of the store, as commands name them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from state.errors import UsageError

if TYPE_CHECKING:
    from state.store import Store
    from state.trace import Run


@contextmanager
def opened() -> "Iterator[Store]":
    """The store of the settings, closed at the end."""
    from state.settings import settings
    from state.store import Store

    with closing(Store(settings().database_url())) as store:
        yield store


def trace(store: "Store", prefix: str | None) -> "list[Run]":
    """The trace of a run, by the run's id or its beginning; the last one for None."""
    if prefix is not None:
        return store.runs(store.trace_of(prefix))
    if last := store.traces(1):
        return store.runs(last[0].id)
    raise UsageError("There are no traces yet.", 'Ask something: warrant ask "…".')


def every(store: "Store") -> "Iterator[list[Run]]":
    """All traces, oldest first, one in memory at a time."""
    for trace_id in store.trace_ids():
        yield store.runs(trace_id)
