"""Labelled texts as a team has them: `{text, label}` a line, and whatever else is known."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from evals.gate.rows import SURFACES, Row, lines
from state.errors import UsageError
from state.schema import Json

ATTACK = {"input": "direct_injection", "tool": "indirect_injection"}
"""What an attack is where no category is given."""
WAY_OUT = (
    'Write a line as {"text": "…", "label": 0}: label 1 is an attack; surface (input or tool), category, '
    "source, licence and lang may be given as well."
)
LABELS = {0: 0, 1: 1}


def given(paths: Sequence[Path], surface: str | None = None) -> list[Row]:
    """The rows of `.jsonl` and `.jsonl.gz` files, a text of one label once; `surface` picks those of one.

    A row without a surface is of the one picked, or a request.

    Raises:
        UsageError: a file cannot be read, a line is no row, or there is none.
    """
    found: dict[tuple[str, int, str], Row] = {}
    for path in paths:
        for row in _read(path, surface or "input"):
            if surface in (None, row.surface):
                found.setdefault((row.surface, row.label, row.text), row)
    if not found:
        kind = f" of the surface {surface}" if surface else ""
        raise UsageError(f"{', '.join(map(str, paths))}: no rows{kind}.", WAY_OUT)
    return list(found.values())


def row(record: dict[str, Json], name: str, surface: str = "input") -> Row:
    """A row of what is known of a text; `name` is its source where none is given.

    Raises:
        ValueError: it has no text or no label, or what it says is not known here.
    """
    text, label = record.get("text"), record.get("label")
    if not isinstance(text, str) or not text:
        raise ValueError("it has no text")
    if not isinstance(label, int) or label not in LABELS:
        raise ValueError("its label is neither 0 nor 1")
    on = _said(record, "surface", surface)
    if on not in SURFACES:
        raise ValueError(f"its surface is {on!r}")
    attack = _said(record, "category", ATTACK[on])
    return Row(
        id=hashlib.sha256(f"{on}\0{label}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()[:16],
        text=text,
        label=LABELS[label],
        category=attack if label else "benign",
        source=_said(record, "source", name),
        licence=_said(record, "licence", "unknown"),
        surface=on,
        lang=_said(record, "lang", "und"),
        sub=_said(record, "sub", ""),
    )


def _read(path: Path, surface: str) -> Iterator[Row]:
    try:
        yield from _rows(lines(path), path, surface)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise UsageError(
            f"Cannot read {path}: {error}.", "Give a file of JSON lines, plain or gzipped."
        ) from error


def _rows(numbered: Iterable[tuple[int, str]], path: Path, surface: str) -> Iterator[Row]:
    for number, line in numbered:
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            if not isinstance(record, dict):
                raise ValueError("it is no object")
            yield row(record, path.name.partition(".")[0], surface)
        except ValueError as error:
            raise UsageError(f"{path}, line {number} is no row: {error}.", WAY_OUT) from error


def _said(record: dict[str, Json], name: str, otherwise: str) -> str:
    value = record.get(name)
    if value is None or value == "":
        return otherwise
    if not isinstance(value, str):
        raise ValueError(f"its {name} is no text")
    return value
