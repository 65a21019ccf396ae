"""Datasets are read whole, or every mistake is named."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.cases.case import Case
from evals.cases.dataset import load, read, version
from state.errors import UsageError


def case(id_: str = "a", **more: Any) -> dict[str, Any]:
    return {"id": id_, "input": "x", **more}


def calls(*expected: dict[str, Any]) -> dict[str, Any]:
    return {"expect": {"calls": [{"tool": "t", **call} for call in expected]}}


def write(path: Path, *lines: object) -> Path:
    path.write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines))
    return path


@pytest.mark.parametrize(
    ("line", "at", "said"),
    [
        ("{", "", "not JSON"),
        ('{"id": "a", "id": "b", "input": 1}', "", "a key is given twice"),
        ("[" * 100_000, "", "not JSON"),
        ('{"id": "a", "input": NaN}', "", ""),
        ("[]", "", "object"),
        ({"id": "a"}, "/input", "required"),
        (case(""), "/id", "at least 1"),
        (case(tags="t"), "/tags", "array"),
        (case(colour="red"), "/colour", "not permitted"),
        (case(expect={"bounds": {"seconds": "1"}}), "/expect/bounds/seconds", "number"),
        (case(answer_schema={"type": "colour"}), "/answer_schema", "invalid"),
        (case(expect={"answer": {"matches": "("}}), "/expect/answer/matches", "regular expression"),
        (case(expect={"answer": {"data": {"n": {"$nmber": 1}}}}), "/expect/answer/data/n", "no comparator"),
        (case(expect={"answer": {"data": {"$nmber": 1}}}), "/expect/answer/data", "no comparator"),
        (case(expect={"answer": {"data": {"$set": 1}}}), "/expect/answer/data/$set", "list"),
        (case(**calls({"args": {"a/b": [{"$regex": 1}]}})), "/expect/calls/0/args/a~1b/0/$regex", "regular"),
        (case(**calls({"after": ["q"]})), "/expect/calls/0/after/0", "no call"),
        (case(**calls({"id": "q"}, {"id": "q"})), "/expect/calls/1/id", "another call"),
        (case(**calls({"id": "p", "after": ["q"]}, {"id": "q", "after": ["p"]})), "/expect/calls", "circle"),
        (
            case(expect={"forbidden": [{"tool": "t", "args": {"a": {"$set": 1}}}]}),
            "/expect/forbidden/0/args/a/$set",
            "list",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line_and_place(tmp_path: Path, line: object, at: str, said: str) -> None:
    path = write(tmp_path / "d.jsonl", case("first"), "", line)
    _, problems = read(path)
    assert [problem.line for problem in problems] == [3]
    assert problems[0].path == at
    assert said in problems[0].message
    with pytest.raises(UsageError, match=r"d\.jsonl:3: "):
        load(path)


def test_all_mistakes_are_named_and_of_many_the_first_twenty(tmp_path: Path) -> None:
    path = write(tmp_path / "d.jsonl", *["{"] * 25, case(), case())
    _, problems = read(path)
    assert len(problems) == 26
    assert (problems[-1].line, problems[-1].message) == (27, "'a' is the id of line 26 too.")
    with pytest.raises(UsageError, match=r":20: (.|\n)*and 6 more") as raised:
        load(path)
    assert ":21: " not in raised.value.message


def test_a_compressed_dataset_is_the_same(tmp_path: Path) -> None:
    plain = write(tmp_path / "d.jsonl", "\ufeff" + json.dumps(case("é")), case("b"))
    packed = tmp_path / "d.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert load(plain) == load(packed)
    whole = packed.read_bytes()
    for damaged in (whole[:-9], whole[:10] + b"\xff" * 40):
        packed.write_bytes(damaged)
        with pytest.raises(UsageError, match="Cannot read"):
            load(packed)


def test_data_may_be_any_value(tmp_path: Path) -> None:
    values = [5, "text", [1], None, True, {"$number": {"value": 5}}]
    lines = [case(str(at), expect={"answer": {"data": value}}) for at, value in enumerate(values)]
    assert len(load(write(tmp_path / "d.jsonl", *lines)).cases) == len(values)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe{}\n", b"\x00"])
def test_what_is_no_dataset_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsageError):
        load(path)
    with pytest.raises(UsageError, match="Cannot read"):
        load(tmp_path)


@given(st.permutations([Case(id=str(n), input=n) for n in range(5)]))
def test_the_version_is_of_the_content_and_not_of_its_order(cases: list[Case]) -> None:
    assert version(cases) == version(sorted(cases, key=lambda one: one.id))
    assert version(cases) != version(cases[1:])
    changed = [cases[0].model_copy(update={"tags": ("new",)}), *cases[1:]]
    assert version(cases) != version(changed)
