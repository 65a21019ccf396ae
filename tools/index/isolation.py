"""Reading files in another process, which is all that a file costs on which its reader hangs or crashes."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tools.index.document import MAX_FILE_BYTES, BrokenDocumentError, Document

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

READ_SECONDS = 60
READ_BYTES = 3_000_000_000
"""Address space of the reading process."""


class Isolation:
    """A process that reads files one by one; it starts with the first file, and anew after it died."""

    def __init__(self, seconds: int = READ_SECONDS, memory: int = READ_BYTES) -> None:
        self._bounds = seconds, memory
        self._reader: tuple[SpawnProcess, Connection] | None = None

    def read(self, module: str, path: Path, source: str) -> Document:
        """Call `read(path, source)` of a format's module in the other process.

        Raises:
            BrokenDocumentError: the file is too big, or cannot be read within the bounds.
        """
        if (size := path.stat().st_size) > MAX_FILE_BYTES:
            raise BrokenDocumentError(f"It has {size:,} bytes, more than {MAX_FILE_BYTES:,}.", "Split it.")
        process, connection = self._reader or self._start()
        try:
            connection.send((module, path, source))
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
        process = context.Process(target=_serve, args=(theirs, *self._bounds), daemon=True)
        process.start()
        theirs.close()
        self._reader = process, ours
        return self._reader

    def _death(self, process: "SpawnProcess") -> BrokenDocumentError:
        process.join()
        late = process.exitcode == -signal.SIGALRM
        self.close()
        if late:
            return BrokenDocumentError(
                f"Reading it took longer than {self._bounds[0]} s.", "Split or simplify it."
            )
        return BrokenDocumentError("Its reader crashed.", "Save it anew, or convert it to another format.")


@contextmanager
def isolation() -> Iterator[Isolation]:
    """An isolation that is closed afterwards."""
    reader = Isolation()
    try:
        yield reader
    finally:
        reader.close()


def _serve(connection: "Connection", seconds: int, memory: int) -> None:
    """What the other process does, until nobody asks any more."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            module, path, source = connection.recv()
        except EOFError:
            return
        signal.alarm(seconds)
        answer = _answer(module, path, source)
        signal.alarm(0)
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
        return f"It is damaged ({type(error).__name__}: {error}).", "Save it anew, or convert it."
    return document
