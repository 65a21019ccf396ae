"""`mcp.lock`: the servers and tools that a person approved, beside `policy.toml`."""

import json
import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from state.errors import UsageError
from tools.mcp.definition import Definition, Identity

APPROVE = "Look at `warrant tools diff {server}`, then `warrant tools approve {server}`."


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LockedTool(_Part):
    """An approved definition and its digest."""

    digest: str
    definition: Definition


class LockedServer(_Part):
    """An approved server with those of its tools that were approved."""

    identity: Identity
    tools: dict[str, LockedTool] = Field(default_factory=dict)


class Lock(_Part):
    """All that was approved; the planner reads this and never what a server says now."""

    format: Literal[1] = 1
    servers: dict[str, LockedServer] = Field(default_factory=dict)

    def text(self) -> str:
        """The canonical text of the file: sorted, one value a line."""
        return json.dumps(self.model_dump(mode="json"), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def lock_path(policy: Path) -> Path:
    """Where the lock of a policy file lies."""
    return policy.with_name("mcp.lock")


def pinned(definition: Definition) -> LockedTool:
    """A definition as it is approved."""
    return LockedTool(digest=definition.digest(), definition=definition)


def load_lock(path: Path) -> Lock:
    """Read the lock; where there is none, nothing is approved.

    Raises:
        UsageError: it cannot be read, is not a lock, or a digest does not belong to its definition.
    """
    way_out = "Restore it from version control, or delete it and approve the servers again."
    try:
        lock = Lock.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Lock()
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}.", "Make it readable.") from error
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(map(str, first["loc"]))
        raise UsageError(f"{path} is not a valid lock: {at}: {first['msg']}.", way_out) from error
    for server, locked in lock.servers.items():
        for name, tool in locked.tools.items():
            if tool.definition.name != name or tool.definition.digest() != tool.digest:
                raise UsageError(
                    f"{path}: the digest of {server}.{name} is not that of its definition.", way_out
                )
    return lock


def write_lock(path: Path, lock: Lock) -> None:
    """Replace the lock at once, so that a crash leaves the old one or the new one."""
    made = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        made.write_text(lock.text(), encoding="utf-8")
        made.replace(path)
    except OSError as error:
        raise UsageError(f"Cannot write {path}: {error.strerror}.", "Make its folder writable.") from error
    finally:
        made.unlink(missing_ok=True)
