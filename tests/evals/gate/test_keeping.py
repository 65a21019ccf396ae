from pathlib import Path

import pytest

from evals.gate.keeping import kept
from models.gate.artefact import Artefact, read
from state.errors import UsageError
from tests.artefacts import small


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Artefact:
    return read(small(tmp_path_factory.mktemp("made") / "request"))


def test_an_artefact_is_written_whole_and_replaced_whole(made: Artefact, tmp_path: Path) -> None:
    into = tmp_path / "deep" / "own"
    kept(into, made.card, made.arrays)
    kept(into, made.card.model_copy(update={"version": 2}), made.arrays)
    assert read(into).card.version == 2
    assert [path.name for path in into.parent.iterdir()] == ["own"]


class StoppedError(Exception):
    """As Ctrl-C would."""


class Stops(dict[str, object]):
    """Arrays that stop the process when they are written."""

    def items(self):  # type: ignore[no-untyped-def,override]  # never returns
        raise StoppedError

    keys = items
    __iter__ = items


def test_when_it_is_stopped_what_was_there_stays_and_nothing_is_left(made: Artefact, tmp_path: Path) -> None:
    into = tmp_path / "own"
    before = kept(into, made.card, made.arrays)
    with pytest.raises(StoppedError):
        kept(into, made.card, Stops())  # type: ignore[arg-type]  # it stops before it matters
    assert read(into).card == before
    assert [path.name for path in tmp_path.iterdir()] == ["own"]


def test_a_folder_of_something_else_is_not_touched(made: Artefact, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="no classifier"):
        kept(tmp_path, made.card, made.arrays)
    with pytest.raises(UsageError, match="no classifier"):
        kept(tmp_path / "notes.txt", made.card, made.arrays)
    with pytest.raises(UsageError, match="Cannot write"):
        kept(tmp_path / "notes.txt" / "own", made.card, made.arrays)
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"
