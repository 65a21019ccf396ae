"""Cells of tables in a text, by the head of their column; each line is looked at once."""

import re
from collections.abc import Iterator
from typing import NamedTuple

SEPARATORS = "|\t;,"
MAX_LINE = 2_000
RULE = re.compile(r"[\s|:-]*\Z")
"""The line below the head of a Markdown table."""


class Cell(NamedTuple):
    """`text[start:end]` is a cell below a head."""

    start: int
    end: int


def cells_below(text: str, heads: re.Pattern[str]) -> Iterator[Cell]:
    """The cells in the columns whose head has this pattern; a table ends where a line has other cells."""
    at, columns, separator, count = 0, list[int](), "", 0
    for line in text.split("\n"):
        inside = bool(columns) and line.count(separator) == count
        if inside and not RULE.match(line):
            yield from _cells(line, at, separator, columns)
        elif not inside:
            columns = []
            if len(line) <= MAX_LINE and heads.search(line):
                separator = next((one for one in SEPARATORS if one in line), "")
                count = line.count(separator) if separator else 0
                names = line.split(separator) if separator else []
                columns = [place for place, name in enumerate(names) if heads.fullmatch(name.strip(" \"'*`"))]
        at += len(line) + 1


def _cells(line: str, at: int, separator: str, columns: list[int]) -> Iterator[Cell]:
    for place, cell in enumerate(line.split(separator)):
        value = cell.strip(" \"'`\r")
        if value and place in columns:
            start = at + cell.index(value)
            yield Cell(start, start + len(value))
        at += len(cell) + len(separator)
