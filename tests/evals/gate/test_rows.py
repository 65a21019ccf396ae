import gzip
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.gate.rows import NAMES, Row, distinct, read, written
from state.errors import UsageError

ROW = Row("1", "Meet at noon.", 0, "benign", "written-mail", "Apache-2.0", "tool", "en", "")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def lines(*records: Any) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
def test_reads_plain_and_gzipped(tmp_path: Path, name: str) -> None:
    content = lines(asdict(ROW), asdict(ROW) | {"id": "2", "more": 3}) + "\n"
    opened = gzip.open if name.endswith(".gz") else open
    with opened(tmp_path / name, "wt", encoding="utf-8") as file:
        file.write(content)
    assert [row.id for row in read(tmp_path / name)] == ["1", "2"]
    assert read(tmp_path / name)[0] == ROW


@given(TEXTS)
def test_any_text_comes_back_whole(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    path.write_text(
        json.dumps(asdict(ROW) | {"text": text}, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n"
    )
    assert [row.text for row in read(path)] == [text]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"label": 2}, "label"),
        ({"label": True}, "label"),
        ({"surface": "page"}, "surface"),
        ({"text": ""}, "text"),
        ({"lang": None}, "lang"),
    ],
)
def test_a_bad_line_is_named_with_its_number(tmp_path: Path, change: dict[str, Any], named: str) -> None:
    (tmp_path / "rows.jsonl").write_text(lines(asdict(ROW), asdict(ROW) | change), encoding="utf-8")
    with pytest.raises(UsageError, match=rf"rows\.jsonl:2 is no row: wrong or missing: {named}\."):
        read(tmp_path / "rows.jsonl")


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_needed(tmp_path: Path, name: str) -> None:
    record = {key: value for key, value in asdict(ROW).items() if key != name}
    (tmp_path / "rows.jsonl").write_text(lines(record), encoding="utf-8")
    with pytest.raises(UsageError, match=f"missing: {name}"):
        read(tmp_path / "rows.jsonl")


@pytest.mark.parametrize(
    ("content", "why"), [(b"{", "not JSON"), (b"[]\n", "not an object"), (b"\xff\n", "Cannot read")]
)
def test_what_is_no_json_line_is_an_error(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "rows.jsonl").write_bytes(content)
    with pytest.raises(UsageError, match=why):
        read(tmp_path / "rows.jsonl")


def test_a_torn_gzip_file_and_a_missing_one_are_errors(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress(lines(asdict(ROW)).encode())[:-9])
    with pytest.raises(UsageError, match="Cannot read"):
        read(tmp_path / "rows.jsonl.gz")
    with pytest.raises(UsageError, match="Cannot read"):
        read(tmp_path / "none.jsonl")


def test_an_id_may_stand_once(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text(lines(asdict(ROW)), encoding="utf-8")
    with pytest.raises(UsageError, match="Two rows have the id 1"):
        written(tmp_path)


def test_what_is_written_for_warrant_is_said_to_be() -> None:
    rows = written()
    assert all(row.source.startswith("written-") for row in rows)
    assert len({row.text for row in rows}) == len(distinct(rows))
    assert all((row.label == 0) == (row.category == "benign") for row in rows)
