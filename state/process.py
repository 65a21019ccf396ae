"""The process that makes a run, so that a later one can tell whether it still lives."""

import os
import socket
from functools import cache
from pathlib import Path

from state.schema import Json


def this_process() -> dict[str, Json]:
    """Mark of this process."""
    return _mark(os.getpid())


def is_gone(mark: object) -> bool:
    """Whether the process of a mark has certainly ended; False where that cannot be known."""
    if not isinstance(mark, dict) or mark.get("host") != socket.gethostname():
        return False
    pid = mark.get("pid")
    return isinstance(pid, int) and (not _exists(pid) or _birth(pid) != mark.get("birth"))


@cache
def _mark(pid: int) -> dict[str, Json]:
    return {"host": socket.gethostname(), "pid": pid, "birth": _birth(pid)}


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _birth(pid: int) -> str | None:
    """When the process began, in clock ticks since boot, since ids of processes are used again."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except OSError:
        return None
