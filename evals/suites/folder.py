"""The folder of a suite's run, read back."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from evals.suites.results import RunInfo, Trial
from state.errors import UsageError

Line = TypeVar("Line", bound=BaseModel)


def read_run(folder: Path) -> tuple[RunInfo, list[Trial]]:
    """What was run, and its trials.

    Raises:
        UsageError: the folder is not that of a run, or a line of it cannot be read.
    """
    described = folder / "run.json"
    try:
        info = RunInfo.model_validate_json(described.read_bytes())
    except OSError as error:
        way_out = "Give the folder of a run, which `warrant eval run` makes, or its id."
        raise UsageError(f"There is no run in {folder}: {error.strerror}.", way_out) from error
    except ValidationError as error:
        raise UsageError(f"{described} is not a run: {_first(error)}.", "Run the suite again.") from error
    return info, list(lines(folder / "trials.jsonl", Trial))


def lines(path: Path, kind: type[Line]) -> Iterator[Line]:
    """Each line of a JSON Lines file, one at a time; nothing where there is no file.

    What a killed process left of a last line is passed over.

    Raises:
        UsageError: another line is malformed, or the file cannot be read.
    """
    if not path.exists():
        return
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                try:
                    yield kind.model_validate_json(line)
                except ValidationError as error:
                    if not line.endswith(b"\n"):
                        return
                    way_out = "Correct the line or take it out."
                    raise UsageError(f"{path}, line {number}: {_first(error)}.", way_out) from error
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}.", "Correct its permissions.") from error


def _first(error: ValidationError) -> str:
    problem = error.errors()[0]
    return f"{'.'.join(map(str, problem['loc'])) or 'the line'}: {problem['msg']}"
