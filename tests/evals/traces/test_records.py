"""Files of JSON, however they are laid out."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.traces.reading import read_traces, read_trajectories
from evals.traces.records import records
from state.errors import UsageError
from tests.evals.traces.talk import JSON, REFUND


def values(path: Path) -> list[object]:
    found = list(records(path))
    assert [one.problem for one in found] == [""] * len(found)
    return [one.value for one in found]


@settings(max_examples=40)
@given(st.lists(JSON, min_size=1, max_size=5), st.sampled_from([None, 1]), st.booleans())
def test_an_array_gives_its_elements_however_it_is_laid_out(
    tmp_path_factory: pytest.TempPathFactory, elements: list[object], indent: int | None, packed: bool
) -> None:
    text = json.dumps(elements, indent=indent).encode()
    path = tmp_path_factory.getbasetemp() / "array.json"
    path.write_bytes(gzip.compress(text, mtime=0) if packed else text)
    assert values(path) == elements


@settings(max_examples=40)
@given(st.lists(JSON.filter(lambda one: not isinstance(one, list)), max_size=5))
def test_lines_give_their_values(tmp_path_factory: pytest.TempPathFactory, elements: list[object]) -> None:
    path = tmp_path_factory.getbasetemp() / "lines.jsonl"
    path.write_text("\n\n".join(map(json.dumps, elements)))
    assert values(path) == elements


def test_a_list_of_messages_is_one_record_on_a_line_and_over_several(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for text in (json.dumps(REFUND), json.dumps(REFUND) + "\n", json.dumps(REFUND, indent=2)):
        path.write_text(text)
        assert values(path) == [REFUND]
    path.write_text(f"{json.dumps(REFUND)}\n{json.dumps(REFUND)}\n")
    assert values(path) == [REFUND, REFUND]
    path.write_text(json.dumps({"messages": REFUND}, indent=2))
    assert values(path) == [{"messages": REFUND}]


def test_an_element_longer_than_what_is_read_at_once_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text(json.dumps(["x" * 500_000, 12345, "y" * 70_000]))
    assert [len(str(value)) for value in values(path)] == [500_000, 5, 70_000]


@pytest.mark.parametrize("text", ["[1, 2", "[1 2]", "[1,, 2]", "[1] 2", "[", "[1, NaN]", "{\n", "[" * 9_000])
def test_an_array_that_is_cut_off_or_broken_is_not_taken_for_whole(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x"
    path.write_text(text)
    assert list(records(path))[-1].problem


@pytest.mark.parametrize("content", [b"\xff\xfe{}", gzip.compress(b'{"a": 1}\n' * 99, mtime=0)[:-6]])
def test_a_file_that_is_no_text_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="Cannot read"):
        list(records(path))


def test_a_file_may_hold_runs_and_conversations(tmp_path: Path) -> None:
    path = tmp_path / "x"
    at = "2026-11-20T12:00:00Z"
    run = {"id": "a", "name": "f", "run_type": "chain", "start_time": at, "inputs": {"messages": []}}
    tool = {**run, "id": "b", "trace_id": "a", "parent_run_id": "a", "run_type": "tool"}
    lines = [run, tool, {"id": "mine", "messages": REFUND}, REFUND, {**run, "id": "c"}]
    path.write_text("\n".join(map(json.dumps, lines)))
    found = [(one.id, len(one.calls)) for one in read_trajectories(path)]
    assert found == [("a", 1), ("mine", 3), ("4", 3), ("c", 0)]
    with pytest.raises(UsageError, match="line 3: "):
        list(read_traces(path))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"run_type": "llm"}', "id"),
        ("3", "neither a run nor"),
        ("{", "no JSON"),
        ('{"run_type": "llm", "id": "a", "start_time": "soon"}', "start_time"),
    ],
)
def test_a_line_that_is_nothing_of_the_kind_is_named(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "x"
    path.write_text(f"\n{line} \n")
    with pytest.raises(UsageError, match=problem):
        list(read_trajectories(path))
