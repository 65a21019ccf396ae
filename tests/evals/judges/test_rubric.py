"""Rubrics: those that are shipped, those of others, and what is none."""

from pathlib import Path

import pytest

from evals.judges.rubric import load, parse, shipped
from state.errors import UsageError

TEXT = '+++\nname = "mine"\nquestion = "Is it?"\nsees = ["answer"]\n+++\n\n- It is.\n'


def test_shipped_rubrics_are_rubrics() -> None:
    assert shipped() == ["better", "faithful", "helpful"]
    assert [load(name).name for name in shipped()] == shipped()
    assert load("better").verdicts == ("first", "second", "tie")
    assert load("faithful").verdicts == ("supported", "unsupported")


def test_any_change_of_what_a_judge_is_told_changes_the_digest(tmp_path: Path) -> None:
    path = tmp_path / "mine.md"
    path.write_text(TEXT, encoding="utf-8")
    mine = load(str(path))
    assert mine.criteria == "- It is."
    assert parse(TEXT.replace("\n", "\r\n"), "x").digest == mine.digest
    for before, after in (
        ("It is.", "It was."),
        ("Is it?", "Was it?"),
        ('["answer"]', '["answer", "calls"]'),
    ):
        assert parse(TEXT.replace(before, after), "x").digest != mine.digest


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "has no front matter"),
        ("+++\nname = \n+++\nx", "not TOML"),
        (TEXT.replace("mine", "My Own"), "name"),
        (TEXT.replace('"answer"', '"input"'), "sees must hold answer"),
        (TEXT.replace('"answer"', '"answers"'), "sees.0"),
        (TEXT.replace("- It is.", ""), "criteria"),
        (TEXT.replace("sees", 'labels = ["a", "a"]\nsees'), "two different"),
        (
            TEXT.replace("sees", 'kind = "pairwise"\nlabels = ["a", "b"]\nsees'),
            "pairwise rubric has no labels",
        ),
        (TEXT.replace("sees", "scale = 5\nsees"), "scale"),
    ],
)
def test_what_is_no_rubric_is_refused(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        parse(text, "rubric.md")


def test_a_rubric_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="better, faithful, helpful"):
        load(str(tmp_path / "none.md"))
    (tmp_path / "bytes.md").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="Cannot read"):
        load(str(tmp_path / "bytes.md"))
