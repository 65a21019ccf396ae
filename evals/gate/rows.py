"""Labelled texts that the gate is trained and measured on: one JSON object a line."""

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from state.errors import UsageError

SURFACES = ("input", "tool")
WRITTEN = Path(__file__).parent / "written"


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled text."""

    id: str
    """Unique in all that is read together."""
    text: str
    label: int
    """1: an attack, 0: none."""
    category: str
    """`benign`, or what kind of attack it is."""
    source: str
    """Whole sources are left out when measuring; those written for Warrant begin with `written-`."""
    licence: str
    surface: str
    """`input`: said by a user; `tool`: read from a tool, a document or a server."""
    lang: str
    """ISO 639-1."""
    sub: str
    """A finer kind, in the source's own words."""


NAMES = tuple(field.name for field in fields(Row))


def read(path: Path) -> list[Row]:
    """The rows of a `.jsonl` or `.jsonl.gz` file; blank lines are skipped, further fields are not kept.

    Raises:
        UsageError: the file cannot be read, or a line is no row.
    """
    try:
        return [_row(line, f"{path}:{number}") for number, line in lines(path) if line.strip()]
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise UsageError(
            f"Cannot read {path}: {error}.", "Give a file of JSON lines, plain or gzipped."
        ) from error


def written(folder: Path = WRITTEN) -> list[Row]:
    """All rows written for Warrant, files in order of their names.

    Raises:
        UsageError: a line is no row, or two rows have one id.
    """
    return distinct([row for path in sorted(folder.glob("*.jsonl")) for row in read(path)])


def distinct(rows: Sequence[Row]) -> list[Row]:
    """The rows, or an error where two have one id."""
    seen = dict[str, Row]()
    for row in rows:
        if row.id in seen:
            raise UsageError(
                f"Two rows have the id {row.id}, of {seen[row.id].source} and {row.source}.",
                "Give each row an id of its own.",
            )
        seen[row.id] = row
    return list(rows)


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """The numbered lines of a file, plain or gzipped."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="\n") as lines:
        yield from enumerate(lines, 1)


def _row(line: str, place: str) -> Row:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise _bad(place, f"not JSON ({error})") from error
    if not isinstance(record, dict):
        raise _bad(place, "not an object")
    wrong = [name for name in NAMES if not _fits(name, record.get(name))]
    if wrong:
        raise _bad(place, f"wrong or missing: {', '.join(wrong)}")
    return Row(**{name: record[name] for name in NAMES})


def _fits(name: str, value: object) -> bool:
    if name == "label":
        return type(value) is int and value in (0, 1)
    if name == "surface":
        return value in SURFACES
    return isinstance(value, str) and (bool(value) or name == "sub")


def _bad(place: str, why: str) -> UsageError:
    return UsageError(
        f"{place} is no row: {why}.",
        f"A row has {', '.join(NAMES)}; label is 0 or 1, surface {' or '.join(SURFACES)}, the rest text.",
    )
