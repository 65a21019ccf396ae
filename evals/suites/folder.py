"""The folder of a suite's run: `run.json`, three files of JSON Lines, and the lock of who writes it.

Trials are appended one line at a time and synced, so a process that is killed loses at most the trials
it was at: a last line that was cut off is left out by readers and cut away by the next writer.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from evals.cases.case import Case
from evals.suites.results import RunInfo, Trial
from state.errors import UsageError

RUN = "run.json"
CASES = "cases.jsonl"
TRIALS = "trials.jsonl"
TRACES = "traces.jsonl"


def read_run(path: Path) -> tuple[RunInfo, list[Trial]]:
    """A run's description, and its trials in the order of case and trial.

    Raises:
        UsageError: no run is there, or a line of it is damaged.
    """
    return read_info(path), read_trials(path)


def read_info(path: Path) -> RunInfo:
    """What was run.

    Raises:
        UsageError: no run is there, or it is damaged.
    """
    try:
        return RunInfo.model_validate_json((path / RUN).read_bytes())
    except OSError as error:
        raise UsageError(
            f"There is no run of a suite in {path}: {error.strerror}.",
            "Name a folder that `warrant eval run` made; `warrant eval list` names them.",
        ) from error
    except ValidationError as error:
        raise _damaged(path / RUN, 1, error) from error


def read_trials(path: Path) -> list[Trial]:
    """The trials that are finished; of a trial that stands there twice, the last.

    Raises:
        UsageError: a line that is not the last is damaged.
    """
    trials: dict[tuple[str, int], Trial] = {}
    for number, text in enumerate(whole_lines(path / TRIALS), 1):
        try:
            trial = Trial.model_validate_json(text)
        except ValidationError as error:
            raise _damaged(path / TRIALS, number, error) from error
        trials[trial.case, trial.trial] = trial
    return [trials[key] for key in sorted(trials)]


def whole_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file that end in a line feed; nothing if there is no such file."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for text in file:
            if text.endswith(b"\n") and text.strip():
                yield text


def write_info(path: Path, info: RunInfo) -> None:
    """Write `run.json` whole or not at all."""
    path.mkdir(parents=True, exist_ok=True)
    replace(path / RUN, (info.model_dump_json(indent=2) + "\n").encode())


def write_cases(path: Path, cases: Iterable[Case]) -> None:
    """Write the cases that are run, for those who read the results without the dataset."""
    replace(path / CASES, b"".join(line(case) for case in cases))


def write_run(path: Path, info: RunInfo, trials: Sequence[Trial]) -> None:
    """Write a run without its traces, such as a baseline, one trial a line."""
    write_info(path, info)
    replace(path / TRIALS, b"".join(line(trial) for trial in trials))


def append_trial(path: Path, trial: Trial) -> None:
    """Add a finished trial; it is on the disk when this returns."""
    append(path / TRIALS, [line(trial)])


def append(path: Path, lines: Iterable[bytes]) -> None:
    """Add lines to a file in one write, synced."""
    with path.open("ab") as file:
        file.write(b"".join(lines))
        file.flush()
        os.fsync(file.fileno())


def mend(path: Path) -> None:
    """Cut away last lines that a killed writer left unfinished."""
    for name in (TRIALS, TRACES):
        file = path / name
        if file.exists():
            whole = file.read_bytes().rpartition(b"\n")
            os.truncate(file, len(whole[0]) + len(whole[1]))


def replace(path: Path, content: bytes) -> None:
    """Put a file in the place of another at once: a reader sees the old or the new one."""
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


@contextmanager
def sole_writer(path: Path) -> Iterator[None]:
    """Hold a folder for this process; the lock goes with the process, however that ends.

    Raises:
        UsageError: another process writes there.
    """
    path.mkdir(parents=True, exist_ok=True)
    with (path / ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(
                f"In {path} another process is running a suite.",
                "Wait for it to end, or give another folder with `--out DIR`.",
            ) from error
        yield


def line(record: BaseModel, *, whole: bool = False) -> bytes:
    """A record as a line, with its defaults if it is to be whole.

    A lone surrogate, which a graph may say and UTF-8 has not, becomes a question mark.
    """
    try:
        return (record.model_dump_json(exclude_defaults=not whole) + "\n").encode()
    except PydanticSerializationError:
        plain = record.model_dump(mode="json", exclude_defaults=not whole)
        return (json.dumps(plain, ensure_ascii=False) + "\n").encode(errors="replace")


def _damaged(path: Path, number: int, error: ValidationError) -> UsageError:
    first = error.errors()[0]
    where = "/".join(("", *map(str, first["loc"])))
    return UsageError(
        f"{path}:{number}: {where}: {first['msg']}.",
        "Run the suite again into a new folder, or remove the damaged line.",
    )
