"""Datasets: JSON Lines files of cases, one a line, also compressed (`.gz`)."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from evals.cases.case import Case
from evals.cases.comparators import check
from evals.packed import UNREADABLE, unpacked, why
from state.canonical import digest
from state.errors import UsageError
from state.keywords import pattern_problem
from state.plain import not_plain
from state.schema import Json, check_schema, pointer

MAX_PROBLEMS = 20


class Problem(NamedTuple):
    """A mistake in a dataset."""

    line: int
    path: str
    """JSON Pointer into the line; empty for the whole of it."""
    message: str


class Dataset(NamedTuple):
    """The cases of a file, in its order."""

    cases: tuple[Case, ...]
    lines: tuple[int, ...]
    """Where each case stands."""

    @property
    def version(self) -> str:
        """`sha256:…` of the content: the order of the lines and their white space do not matter."""
        return version(self.cases)


def version(cases: Iterable[Case]) -> str:
    """Content hash of cases, in whatever order; a default that is written out is as one that is left out."""
    return digest(sorted(fingerprint(case) for case in cases))


def fingerprint(case: Case) -> str:
    """Content hash of a case."""
    return digest(case.model_dump(mode="json", exclude_defaults=True))


def load(path: Path) -> Dataset:
    """Read a dataset.

    Raises:
        UsageError: it cannot be read, or holds mistakes; up to 20 of them are named with file and line.
    """
    dataset, problems = read(path)
    if problems:
        raise UsageError(listed(path, problems), "Correct these lines; docs/cases.md describes a case.")
    if not dataset.cases:
        raise UsageError(f"{path} holds no case.", "Write one case a line; docs/cases.md describes it.")
    return dataset


def listed(path: Path, problems: Sequence[Problem]) -> str:
    """The first mistakes, one a line, as editors and compilers name places."""
    shown = [f"{path}:{one.line}: {one.path or '/'}: {one.message}" for one in problems[:MAX_PROBLEMS]]
    if (more := len(problems) - MAX_PROBLEMS) > 0:
        shown.append(f"and {more} more.")
    return "\n".join(["The dataset has mistakes.", *shown])


def read(path: Path) -> tuple[Dataset, list[Problem]]:
    """The cases that can be read, and every mistake.

    Raises:
        UsageError: the file cannot be read at all.
    """
    cases: dict[str, tuple[int, Case]] = {}
    problems: list[Problem] = []
    for number, text in _lines(path):
        case, found = parse(text)
        problems += [Problem(number, at, message) for at, message in found]
        if case is not None and case.id in cases:
            first = cases[case.id][0]
            problems.append(Problem(number, "/id", f"{case.id!r} is the id of line {first} too."))
        elif case is not None:
            cases[case.id] = number, case
    found_cases = tuple(case for _, case in cases.values())
    return Dataset(found_cases, tuple(number for number, _ in cases.values())), problems


def parse(text: bytes | str) -> tuple[Case | None, list[tuple[str, str]]]:
    """The case of a line, or None; and its mistakes as JSON Pointer and message."""
    try:
        value: Json = json.loads(text, object_pairs_hook=_members)
    except (ValueError, RecursionError) as error:
        return None, [("", f"it is not JSON: {error or 'it is nested too deeply'}.")]
    if problem := not_plain(value):
        return None, [("", f"it {problem}.")]
    try:
        # JSON knows no tuples, and strictly no text is a number; both are as in a JSON document.
        case = Case.model_validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        return None, [(pointer(one["loc"]), f"{one['msg']}.") for one in error.errors()]
    return case, list(_contract(case))


def _contract(case: Case) -> Iterator[tuple[str, str]]:
    """What pydantic cannot know: comparators, patterns, schemas, and the partial order."""
    expect = case.expect
    for found in check(expect.answer and expect.answer.data):
        yield f"/expect/answer/data{found.path}", found.message
    compared: list[tuple[str, Json]] = [
        (f"/expect/calls/{at}/args", call.args) for at, call in enumerate(expect.calls or ())
    ]
    compared += [(f"/expect/forbidden/{at}/args", call.args) for at, call in enumerate(expect.forbidden)]
    for place, expected in compared:
        # Arguments stand by name; an object of them is no comparator itself.
        for name, value in (expected or {}).items():
            for found in check(value):
                yield f"{place}{pointer((name,))}{found.path}", found.message
    pattern = expect.answer.matches if expect.answer else None
    if pattern is not None and (problem := pattern_problem(pattern)):
        yield "/expect/answer/matches", f"give a regular expression: {problem}."
    yield from _schema("/answer_schema", case.answer_schema)
    yield from _schema("/expect/answer/data_schema", expect.answer and expect.answer.data_schema)
    yield from _order(case)


def _schema(place: str, schema: Json) -> Iterator[tuple[str, str]]:
    try:
        if schema is not None:
            check_schema(schema)
    except UsageError as error:
        yield place, str(error)


def _order(case: Case) -> Iterator[tuple[str, str]]:
    calls = case.expect.calls or ()
    known: set[str] = set()
    for at, call in enumerate(calls):
        if call.id in known:
            yield f"/expect/calls/{at}/id", f"{call.id!r} is the id of another call too."
        known |= {call.id} if call.id is not None else set()
    for at, call in enumerate(calls):
        for index, name in enumerate(call.after):
            if name not in known:
                yield f"/expect/calls/{at}/after/{index}", f"no call of this case has the id {name!r}."
    if cycle := _in_a_cycle({call.id: call.after for call in calls if call.id is not None}):
        yield "/expect/calls", f"the calls {', '.join(cycle)} come after each other in a circle."


def _in_a_cycle(after: dict[str, tuple[str, ...]]) -> list[str]:
    """What is left when calls that nothing has to come before are taken away again and again."""
    left = {name: {other for other in others if other in after} for name, others in after.items()}
    while free := [name for name, others in left.items() if not others]:
        for name in free:
            del left[name]
        for others in left.values():
            others.difference_update(free)
    return sorted(left)


def _members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """An object; which of two equal keys was meant is not guessed."""
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as raw, unpacked(raw) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
    except UNREADABLE as error:
        raise UsageError(
            f"Cannot read the dataset {path}: {why(error)}.", "Name a file of JSON Lines."
        ) from error
