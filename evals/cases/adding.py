"""Adding a case to a dataset."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evals.cases.case import Case
from evals.cases.dataset import Dataset, listed, read
from evals.cases.duplicates import pairs
from evals.suites.folder import replace
from state.errors import UsageError


def add_case(path: Path, case: Case) -> None:
    """Add a case at the end of a dataset: whole or not at all, also while another process does the same.

    Raises:
        UsageError: the dataset cannot be read or written, or has this case already.
    """
    if path.suffix == ".gz":
        raise UsageError(f"{path} is compressed.", "Add cases to a file of plain JSON Lines.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path.parent):
            before = path.read_bytes() if path.exists() else b""
            if before:
                _refuse_double(path, case)
            line = case.model_dump_json(exclude_defaults=True).encode() + b"\n"
            replace(path, before + (b"" if before.endswith(b"\n") or not before else b"\n") + line)
    except OSError as error:
        raise UsageError(f"Cannot write {path}: {error.strerror}.", "Name another file with --to.") from error


def _refuse_double(path: Path, case: Case) -> None:
    dataset, problems = read(path)
    if problems:
        raise UsageError(listed(path, problems), "Correct these lines first.")
    if double := _double(dataset, case):
        raise UsageError(
            f"{path} has this case already: {double}.", "Give another --id, or leave it at that."
        )


def _double(dataset: Dataset, case: Case) -> str | None:
    """Why a case is no new one."""
    for line, other in zip(dataset.lines, dataset.cases, strict=True):
        if other.id == case.id:
            return f"line {line} has the id {case.id!r}"
        if other.source is not None and other.source == case.source:
            return f"line {line}, {other.id!r}, is of the same trace"
        same = (other.resume, other.answer_schema) == (case.resume, case.answer_schema)
        if same and pairs([other, case], least=1.0):
            return f"line {line}, {other.id!r}, asks the same"
    return None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder; a file in it is replaced as a whole, so that a lock on it would go with the old one."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
