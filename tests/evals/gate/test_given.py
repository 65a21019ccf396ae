import gzip
import json
from pathlib import Path

import pytest

from evals.gate.given import given
from state.errors import UsageError


def _file(path: Path, *records: object) -> Path:
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return path


def test_text_and_label_are_enough(tmp_path: Path) -> None:
    path = _file(tmp_path / "ours.jsonl", {"text": "a", "label": 0}, {"text": "b", "label": True})
    benign, attack = given([path])
    assert (benign.category, benign.surface, benign.source, benign.lang) == ("benign", "input", "ours", "und")
    assert (attack.label, attack.category) == (1, "direct_injection")


def test_what_is_known_besides_is_kept(tmp_path: Path) -> None:
    known = {"text": "a", "label": 1, "surface": "tool", "category": "mine", "lang": "de", "licence": "MIT"}
    (row,) = given([_file(tmp_path / "a.jsonl", known | {"source": "here", "more": 1})])
    assert (row.surface, row.category, row.lang, row.licence, row.source) == (
        "tool",
        "mine",
        "de",
        "MIT",
        "here",
    )


def test_a_text_counts_once_and_files_may_be_gzipped(tmp_path: Path) -> None:
    first = _file(tmp_path / "a.jsonl", {"text": "a", "label": 0}, {"text": "a", "label": 0})
    second = tmp_path / "b.jsonl.gz"
    second.write_bytes(gzip.compress(first.read_bytes() + b'\n\n{"text": "c", "label": 1}\n'))
    assert [row.text for row in given([first, second])] == ["a", "c"]


def test_rows_of_one_surface_are_picked(tmp_path: Path) -> None:
    path = _file(
        tmp_path / "a.jsonl", {"text": "a", "label": 1}, {"text": "b", "label": 1, "surface": "input"}
    )
    (row,) = given([path], "tool")
    assert (row.text, row.surface, row.category) == ("a", "tool", "indirect_injection")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2 is no row"),
        ("[]", "it is no object"),
        ('{"label": 0}', "it has no text"),
        ('{"text": "", "label": 0}', "it has no text"),
        ('{"text": "x"}', "neither 0 nor 1"),
        ('{"text": "x", "label": 2}', "neither 0 nor 1"),
        ('{"text": "x", "label": "1"}', "neither 0 nor 1"),
        ('{"text": "x", "label": 0, "surface": "moon"}', "its surface is 'moon'"),
        ('{"text": "x", "label": 0, "source": 1}', "its source is no text"),
    ],
)
def test_a_line_that_is_no_row_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "x", "label": 0}\n' + line, encoding="utf-8")
    with pytest.raises(UsageError, match=said) as refused:
        given([path])
    assert "label 1 is an attack" in refused.value.way_out


def test_no_file_and_no_rows_are_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Cannot read"):
        given([tmp_path / "none.jsonl"])
    (tmp_path / "a.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(UsageError, match="Cannot read"):
        given([tmp_path / "a.jsonl.gz"])
    with pytest.raises(UsageError, match="no rows of the surface tool"):
        given([_file(tmp_path / "a.jsonl", {"text": "x", "label": 0, "surface": "input"})], "tool")
