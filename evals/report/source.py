"""What a report is drawn from: the folders of runs."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from evals.cases.case import Case
from evals.suites.folder import CASES, TRACES, read_run, whole_lines
from evals.suites.results import RunInfo, Trial
from state.errors import UsageError
from state.trace import Run

Line = TypeVar("Line", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A suite's run, as it lies in its folder."""

    folder: Path
    info: RunInfo
    trials: list[Trial]
    cases: dict[str, Case]
    """By id; empty where the folder has no `cases.jsonl`."""


def recorded(names: Sequence[str], home: Path) -> list[Recorded]:
    """Runs by folder or id, oldest first.

    Raises:
        UsageError: there is no such run, or one is named twice.
    """
    runs = [read(folder_of(name, home)) for name in names]
    if len({run.info.id for run in runs}) < len(runs):
        raise UsageError("A run is given twice.", "Give each run once.")
    return sorted(runs, key=lambda run: run.info.started)


def lines(path: Path, kind: type[Line]) -> Iterator[Line]:
    """Each line of a JSON Lines file, one at a time; nothing where there is no file.

    Raises:
        UsageError: a line is malformed.
    """
    for number, line in enumerate(whole_lines(path), 1):
        try:
            yield kind.model_validate_json(line)
        except ValidationError as error:
            problem = error.errors()[0]
            raise UsageError(
                f"{path}:{number}: {'/'.join(map(str, problem['loc']))}: {problem['msg']}.",
                "Remove the damaged line, or run the suite again into a new folder.",
            ) from error


def folder_of(name: str, home: Path) -> Path:
    """Where a run lies: a folder, or an id under WARRANT_HOME/evals."""
    given = Path(name)
    return given if given.is_dir() else home / "evals" / name


def read(folder: Path) -> Recorded:
    """One run.

    Raises:
        UsageError: there is none, or it is damaged.
    """
    info, trials = read_run(folder)
    cases = {case.id: case for case in lines(folder / CASES, Case)}
    return Recorded(folder, info, trials, cases)


def traces(folder: Path, wanted: Set[str]) -> Iterator[list[Run]]:
    """The traces that are wanted, each with its runs in their order.

    The file is streamed, and only what is wanted is kept, since runs of several traces may be mixed.
    """
    found: dict[str, list[Run]] = {}
    for run in lines(folder / TRACES, Run):
        if run.trace_id in wanted:
            found.setdefault(run.trace_id, []).append(run)
    while found:
        _, runs = found.popitem()
        yield sorted(runs, key=lambda run: run.dotted_order)
