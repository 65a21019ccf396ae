"""What is relevant to a query: documents with grades, or spans of documents."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from evals.packed import UNREADABLE, unpacked, why
from state.errors import UsageError

Format: TypeAlias = Literal["graded", "trec", "spans"]
LAYOUTS = (
    "Write `query document grade` (BEIR), `query 0 document grade` (TREC) or `query document start end` "
    "(spans of characters), separated by tabs or spaces."
)


class Span(NamedTuple):
    """Characters `start:end` of a document's text."""

    document: str
    start: int
    end: int


@dataclass(frozen=True)
class Judgements:
    """The judgements of a file, by query; exactly one of the two mappings is filled."""

    grades: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Query → document → grade; 0 is judged and not relevant."""
    spans: Mapping[str, Sequence[Span]] = field(default_factory=dict)
    """Query → the spans that answer it, sorted, of which none overlaps another."""

    @property
    def queries(self) -> set[str]:
        """Queries with a judgement."""
        return {*self.grades, *self.spans}

    @property
    def documents(self) -> set[str]:
        """Documents that are judged."""
        judged = {document for grades in self.grades.values() for document in grades}
        return judged | {span.document for spans in self.spans.values() for span in spans}

    def __len__(self) -> int:
        return sum(map(len, (*self.grades.values(), *self.spans.values())))

    def relevant(self, query: str) -> bool:
        """Whether anything is relevant to the query."""
        return bool(self.spans.get(query)) or any(self.grades.get(query, {}).values())


def read(path: Path) -> Judgements:
    """Read qrels: of BEIR, with or without their header, of TREC, or spans; also packed with gzip.

    Raises:
        UsageError: the file cannot be read, is empty, or a line is none of these.
    """
    rows = list(_rows(path))
    head = rows[0] if rows and not _is_number(rows[0].fields[-1]) else None
    rows = rows[1:] if head else rows
    if not rows:
        raise UsageError(f"There is no judgement in {path}.", LAYOUTS)
    kind = _format(head, rows, path)
    for row in rows:
        if len(row.fields) != (3 if kind == "graded" else 4):
            raise _wrong(path, row, f"it has {len(row.fields)} columns")
    return _spans(rows, path) if kind == "spans" else _graded(rows, path)


class _Row(NamedTuple):
    at: int
    fields: list[str]


def _rows(path: Path) -> Iterator[_Row]:
    try:
        with path.open("rb") as raw, unpacked(raw) as file:
            for number, line in enumerate(file.read().decode("utf-8-sig").split("\n"), 1):
                if line.strip():
                    # Ids may hold spaces where tabs separate.
                    fields = line.rstrip("\r\n").split("\t") if "\t" in line else line.split()
                    yield _Row(number, fields)
    except UNREADABLE as error:
        raise UsageError(f"Cannot read {path}: {why(error)}.", f"Give a file of qrels. {LAYOUTS}") from error


def _format(head: _Row | None, rows: Sequence[_Row], path: Path) -> Format:
    width = len(rows[0].fields)
    if width == 3:
        return "graded"
    if width != 4:
        raise _wrong(path, rows[0], f"it has {width} columns")
    if head:
        return "spans" if head.fields[2:3] == ["start"] else "trec"
    # TREC's second column is a constant that nobody reads, nearly always 0.
    return "trec" if all(row.fields[1] in ("0", "Q0") for row in rows if len(row.fields) == 4) else "spans"


def _graded(rows: Sequence[_Row], path: Path) -> Judgements:
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        query, document, grade = row.fields[0], row.fields[-2], _number(path, row, row.fields[-1])
        if grade < 0:
            raise _wrong(path, row, f"the grade is {grade}; write 0 for what is not relevant")
        if found.setdefault(query, {}).setdefault(document, grade) != grade:
            raise _wrong(path, row, f"{document!r} has another grade for {query!r} in an earlier line")
    return Judgements(grades=found)


def _spans(rows: Sequence[_Row], path: Path) -> Judgements:
    found: dict[str, list[Span]] = {}
    for row in rows:
        query, document, *ends = row.fields
        start, end = (_number(path, row, one) for one in ends)
        if not 0 <= start < end:
            raise _wrong(path, row, f"{start}:{end} is no span; it begins at 0 or later and ends after that")
        found.setdefault(query, []).append(Span(document, start, end))
    return Judgements(spans={query: merged(spans) for query, spans in found.items()})


def merged(spans: Sequence[Span]) -> list[Span]:
    """The same characters in sorted spans that do not overlap."""
    done: list[Span] = []
    for span in sorted(spans):
        last = done[-1] if done else None
        if last and last.document == span.document and span.start <= last.end:
            done[-1] = last._replace(end=max(last.end, span.end))
        else:
            done.append(span)
    return done


def _number(path: Path, row: _Row, text: str) -> int:
    if not _is_number(text):
        raise _wrong(path, row, f"{text!r} is no whole number")
    return int(text)


def _is_number(text: str) -> bool:
    return text.strip().removeprefix("-").isdecimal()


def _wrong(path: Path, row: _Row, problem: str) -> UsageError:
    return UsageError(f"{path}, line {row.at}: {problem}.", LAYOUTS)
