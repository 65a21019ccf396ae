"""Writing an artefact so that a folder holds a whole one or none, whenever the process ends."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from evals.gate.card import explained
from models.gate.artefact import CARD, Array, write
from models.gate.card import Card
from state.errors import UsageError

ELSEWHERE = "Give another folder with --into."


def kept(
    into: Path, card: Card, arrays: Mapping[str, Array], files: Mapping[str, bytes] | None = None
) -> Card:
    """Write beside the folder, then move it there; an artefact that is there already is replaced.

    Raises:
        UsageError: the folder holds something else, or cannot be written.
    """
    check(into)
    try:
        into.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{into.name}-", dir=into.parent) as beside:
            new = Path(beside) / "new"
            new.mkdir()
            for name, content in (files or {}).items():
                (new / name).write_bytes(content)
            made = write(new, card, arrays, explained(card))
            _exchanged(Path(beside), into)
    except OSError as error:
        raise UsageError(f"Cannot write {into}: {error.strerror or error}.", ELSEWHERE) from error
    return made


def check(into: Path) -> None:
    """Whether an artefact may be written there.

    Raises:
        UsageError: there is something else.
    """
    if into.exists() and not (into / CARD).is_file() and (not into.is_dir() or any(into.iterdir())):
        raise UsageError(f"{into} holds something that is no classifier.", ELSEWHERE)


def _exchanged(beside: Path, into: Path) -> None:
    if into.exists():
        into.rename(beside / "old")
    try:
        (beside / "new").rename(into)
    except BaseException:
        if (beside / "old").exists() and not into.exists():
            (beside / "old").rename(into)
        raise
    shutil.rmtree(beside / "old", ignore_errors=True)
