"""Reading files in another process, which is all that a file costs on which its reader hangs or crashes."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tools.index.document import MAX_BLOCKS, BrokenDocumentError, Document, escaped

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

GRACE_SECONDS = 5
"""Until a reader that did not heed its own bounds is ended from outside."""
MAX_MESSAGE_CHARS = 200
"""Of what a parser says; it may quote the file."""


class Bounds(NamedTuple):
    """What reading one file may cost."""

    cpu_seconds: float = 20
    """Of computing: a PDF of 5,000 pages takes less, and a hundred files that hang cost half an hour."""
    seconds: float = 60
    """In all, for disks that answer slowly."""
    memory: int = 2_000_000_000
    """Bytes of address space of the reading process."""


class Isolation:
    """A process that reads files one by one; it starts with the first file, and anew after it died."""

    def __init__(self, bounds: Bounds = Bounds()) -> None:  # noqa: B008 - it cannot be changed
        self._bounds = bounds
        self._reader: tuple[SpawnProcess, Connection] | None = None

    def read(self, module: str, path: Path, source: str) -> Document:
        """Call `read(path, source)` of a format's module in the other process.

        Raises:
            BrokenDocumentError: the file is damaged, or cannot be read within the bounds.
        """
        process, connection = self._reader or self._start()
        try:
            connection.send((module, path, source))
            if not connection.poll(self._bounds.seconds + GRACE_SECONDS):
                self.close()
                raise self._late()
            answer: Document | tuple[str, str] = connection.recv()
        except (EOFError, OSError) as error:
            raise self._death(process) from error
        if isinstance(answer, Document):
            return answer
        raise BrokenDocumentError(*answer)

    def close(self) -> None:
        """End the process."""
        if self._reader:
            process, connection = self._reader
            self._reader = None
            connection.close()
            # It holds nothing that would have to be put away, and may be busy.
            process.kill()
            process.join()
            process.close()

    def _start(self) -> "tuple[SpawnProcess, Connection]":
        from multiprocessing import get_context

        # Spawned, not forked: a fork would copy the locks of this process's threads.
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self._bounds), daemon=True)
        process.start()
        theirs.close()
        self._reader = process, ours
        return self._reader

    def _death(self, process: "SpawnProcess") -> BrokenDocumentError:
        process.join()
        late = process.exitcode in {-signal.SIGALRM, -signal.SIGPROF}
        self.close()
        if late:
            return self._late()
        return BrokenDocumentError("Its reader crashed.", "Save it anew, or convert it to another format.")

    def _late(self) -> BrokenDocumentError:
        return BrokenDocumentError(
            f"Reading it took longer than {self._bounds.cpu_seconds:g} s.", "Split or simplify it."
        )


@contextmanager
def isolation(bounds: Bounds = Bounds()) -> Iterator[Isolation]:  # noqa: B008 - it cannot be changed
    """An isolation that is closed afterwards."""
    reader = Isolation(bounds)
    try:
        yield reader
    finally:
        reader.close()


def _serve(connection: "Connection", bounds: Bounds) -> None:
    """What the other process does, until nobody asks any more."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (bounds.memory, bounds.memory))
    # A parser that crashes leaves no image of its memory on the disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            module, path, source = connection.recv()
        except EOFError:
            return
        # Nothing handles these signals, so that they end a parser written in C as well.
        signal.setitimer(signal.ITIMER_PROF, bounds.cpu_seconds)
        signal.setitimer(signal.ITIMER_REAL, bounds.seconds)
        answer = _answer(module, path, source)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        connection.send(answer)


def _answer(module: str, path: Path, source: str) -> Document | tuple[str, str]:
    try:
        document: Document = import_module(module).read(path, source)
    except BrokenDocumentError as error:
        return error.message, error.way_out
    except OSError as error:
        return f"It cannot be opened: {error.strerror or error}.", "Check its permissions."
    except MemoryError:
        return "Reading it takes too much memory.", "Split or simplify it."
    except Exception as error:  # noqa: BLE001 - what parsers raise on damaged files is not documented
        said = escaped(f"{type(error).__name__}: {error}")[:MAX_MESSAGE_CHARS]
        return f"It is damaged ({said}).", "Save it anew, or convert it."
    if len(document.blocks) > MAX_BLOCKS:
        return f"It has {len(document.blocks):,} paragraphs, more than {MAX_BLOCKS:,}.", "Split it."
    return document
