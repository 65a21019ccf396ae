"""What a report is drawn from: the folders of runs."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from evals.cases.case import Case
from evals.suites.folder import lines, read_run
from evals.suites.results import RunInfo, Trial
from state.errors import UsageError
from state.trace import Run


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
    runs = [_read(_folder(name, home)) for name in names]
    if len({run.info.id for run in runs}) < len(runs):
        raise UsageError("A run is given twice.", "Give each run once.")
    return sorted(runs, key=lambda run: run.info.started)


def _folder(name: str, home: Path) -> Path:
    given = Path(name)
    return given if given.is_dir() else home / "evals" / name


def _read(folder: Path) -> Recorded:
    info, trials = read_run(folder)
    cases = {case.id: case for case in lines(folder / "cases.jsonl", Case)}
    return Recorded(folder, info, trials, cases)


def traces(folder: Path, wanted: Set[str]) -> Iterator[list[Run]]:
    """The traces that are wanted, each with its runs in their order.

    The file is streamed, and only what is wanted is kept, since runs of several traces may be mixed.
    """
    found: dict[str, list[Run]] = {}
    for run in lines(folder / "traces.jsonl", Run):
        if run.trace_id in wanted:
            found.setdefault(run.trace_id, []).append(run)
    while found:
        _, runs = found.popitem()
        yield sorted(runs, key=lambda run: run.dotted_order)
