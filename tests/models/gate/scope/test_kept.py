from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.gate.scope.kept import Kept

TEXTS = ["one", "two", "three"]


class Counting:
    """Vectors by the length of a text, and how often texts were embedded."""

    name = "counting"
    dimensions = 4

    def __init__(self, shift: float = 0.0) -> None:
        self.asked = 0
        self.shift = shift

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += len(texts)
        return np.array([[len(text), self.shift, 0, 1] for text in texts], np.float32)


def test_the_next_process_takes_what_was_kept(tmp_path: Path) -> None:
    first, second = Counting(), Counting()
    made, kept = Kept(first, tmp_path).embed(TEXTS), Kept(second, tmp_path).embed(TEXTS)
    assert (made == kept).all()
    assert (first.asked, second.asked) == (4, 1)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive at all"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, content: bytes) -> None:
    made = Kept(Counting(), tmp_path).embed(TEXTS)
    [path] = tmp_path.iterdir()
    path.write_bytes(content)
    assert (Kept(Counting(), tmp_path).embed(TEXTS) == made).all()
    assert path.read_bytes() != content


def test_a_file_cut_at_any_place_is_made_anew(tmp_path: Path) -> None:
    made = Kept(Counting(), tmp_path).embed(TEXTS)
    [path] = tmp_path.iterdir()
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        assert (Kept(Counting(), tmp_path).embed(TEXTS) == made).all()


def test_vectors_of_another_model_of_the_name_are_not_taken(tmp_path: Path) -> None:
    Kept(Counting(), tmp_path).embed(TEXTS)
    assert (Kept(Counting(shift=1.0), tmp_path).embed(TEXTS)[:, 1] == 1).all()


def test_other_texts_have_another_file(tmp_path: Path) -> None:
    Kept(Counting(), tmp_path).embed(TEXTS)
    assert len(Kept(Counting(), tmp_path).embed(TEXTS[:2])) == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert len(Kept(Counting(), tmp_path / "file" / "below").embed(TEXTS)) == 3
