"""What changed between what was approved and what a server says now."""

import json
from collections.abc import Iterator
from difflib import unified_diff
from typing import Literal, NamedTuple

from pydantic import BaseModel

from tools.mcp.definition import Definition, Listing
from tools.mcp.lock import LockedServer

Kind = Literal["new server", "other server", "added", "removed", "changed", "renamed"]


class Change(NamedTuple):
    """One difference; `old` and `new` are shown line by line."""

    kind: Kind
    tool: str | None
    """The tool's name now, or before it was removed; None for the server itself."""
    old: str
    new: str
    was: str | None = None
    """The name of a renamed tool before."""

    def lines(self, server: str) -> Iterator[str]:
        """A unified diff without invisible characters: whatever is not ASCII is escaped."""
        shown = server if self.tool is None else f"{server}.{ascii(self.tool)[1:-1]}"
        yield f"{self.kind}: {shown}" + (f" (was {ascii(self.was)[1:-1]})" if self.was else "")
        yield from list(unified_diff(self.old.splitlines(), self.new.splitlines(), lineterm="", n=2))[2:]


def changes(locked: LockedServer | None, now: Listing) -> list[Change]:
    """All differences, those of the server itself first."""
    if locked is None:
        found = [Change("new server", None, "", _shown(now.identity))]
        return found + [Change("added", name, "", _shown(tool)) for name, tool in sorted(now.tools.items())]
    found = []
    if locked.identity != now.identity:
        found.append(Change("other server", None, _shown(locked.identity), _shown(now.identity)))
    return found + list(_tools({n: t.definition for n, t in locked.tools.items()}, now.tools))


def _tools(old: dict[str, Definition], new: dict[str, Definition]) -> Iterator[Change]:
    gone = {name: tool for name, tool in old.items() if name not in new}
    for name, tool in sorted(new.items()):
        if name in old:
            if old[name].digest() != tool.digest():
                yield Change("changed", name, _shown(old[name]), _shown(tool))
            continue
        was = next((n for n, t in sorted(gone.items()) if _same_but_name(t, tool)), None)
        if was is None:
            yield Change("added", name, "", _shown(tool))
        else:
            yield Change("renamed", name, _shown(gone.pop(was)), _shown(tool), was)
    for name, tool in sorted(gone.items()):
        yield Change("removed", name, _shown(tool), "")


def _same_but_name(one: Definition, other: Definition) -> bool:
    return one.model_copy(update={"name": other.name}).digest() == other.digest()


def _shown(value: BaseModel) -> str:
    return json.dumps(value.model_dump(mode="json"), indent=2, sort_keys=True)
