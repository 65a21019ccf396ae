import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import cli
from evals.cases.bfcl import Line, expectation, trajectory
from evals.cases.case import Case
from evals.scorers.bfcl import verdict
from evals.scorers.calls import tool_calls

PARAMETERS = {
    "text": {"type": "string"},
    "count": {"type": "integer"},
    "rate": {"type": "float"},
    "on": {"type": "boolean"},
    "tags": {"type": "array", "items": {"type": "string"}},
    "rates": {"type": "array", "items": {"type": "float"}},
    "point": {"type": "tuple", "items": {"type": "integer"}},
    "box": {"type": "dict"},
    "boxes": {"type": "array", "items": {"type": "dict"}},
    "what": {"type": "any"},
}


def function(name: str, required: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"name": name, "parameters": {"type": "dict", "properties": PARAMETERS, "required": required}}


def line(possible: list[Any], output: Any, category: str = "simple", required: tuple[str, ...] = ()) -> Line:
    functions = [function("f.g", required), function("h")]
    fields = {"functions": functions, "possible_answer": possible, "model_output": output}
    return Line.model_validate({"id": "x", "category": category, **fields})


def judged(
    possible: dict[str, list[Any]], given: dict[str, Any], required: tuple[str, ...] = ()
) -> str | None:
    return verdict(line([{"f.g": possible}], [{"f.g": given}], required=required))


def ours(one: Line) -> bool | None:
    return tool_calls(Case(id="x", input=None, expect=expectation(one)), trajectory(one))[0].passed


@pytest.mark.parametrize(
    ("possible", "given"),
    [
        ({"text": ["New York, NY"]}, {"text": "new_york.ny"}),
        ({"text": ["it's"]}, {"text": 'IT"S'}),
        ({"text": ["a", ""]}, {}),
        ({"text": ["a", ""]}, {"text": ""}),
        ({"count": [3]}, {"count": 3}),
        ({"count": ["n"]}, {"count": "n"}),
        ({"rate": [3.0]}, {"rate": 3}),
        ({"rate": [3]}, {"rate": 3.0}),
        ({"on": [True]}, {"on": True}),
        ({"tags": [["a b", "c"]]}, {"tags": ["A-B", "c."]}),
        ({"tags": [["a"], [1]]}, {"tags": [1]}),
        ({"tags": [["a"], ""]}, {"tags": []}),
        ({"rates": [[1, 2.5]]}, {"rates": [1, 2.5]}),
        ({"point": [[1, 2]]}, {"point": [1, 2]}),
        ({"box": [{"a": ["X", "y"], "b": [1, ""]}]}, {"box": {"a": "x "}}),
        ({"box": [{"a": [1]}]}, {"box": {"a": True}}),
        ({"box": ["", {"a": [1]}]}, {"box": {"a": 1.0}}),
        ({"boxes": [[{"a": [1]}, {"b": ["c"]}]]}, {"boxes": [{"a": 1}, {"b": "C"}]}),
        ({"what": [5]}, {"what": 5}),
        ({"what": ["v"]}, {"what": "V"}),
    ],
)
def test_what_the_checker_lets_pass(possible: dict[str, list[Any]], given: dict[str, Any]) -> None:
    assert judged(possible, given) is None


@pytest.mark.parametrize(
    ("possible", "given", "error"),
    [
        ({"text": ["a"]}, {"text": "b"}, "value_error:string"),
        ({"text": ["a"]}, {"text": 1}, "type_error:simple"),
        ({"text": ["a"]}, {"text": None}, "type_error:simple"),
        ({"text": ["a"]}, {}, "simple_function_checker:missing_optional"),
        ({"text": ["a"]}, {"text": "a", "count": 1}, "simple_function_checker:unexpected_param"),
        ({"text": ["a"]}, {"nope": "a"}, "simple_function_checker:unexpected_param"),
        ({"count": [1]}, {"count": 2}, "value_error:others"),
        ({"count": [1]}, {"count": 1.0}, "type_error:simple"),
        ({"count": [1]}, {"count": True}, "type_error:simple"),
        ({"count": ["n"]}, {"count": 1}, "value_error:others"),
        ({"on": [True]}, {"on": 1}, "type_error:simple"),
        ({"on": [True]}, {"on": "true"}, "type_error:simple"),
        ({"rate": [0.3]}, {"rate": 0.1 + 0.2}, "value_error:others"),
        ({"rate": [0.3]}, {"rate": 10**400}, "type_error:simple"),
        ({"tags": [["a", "b"]]}, {"tags": ["b", "a"]}, "value_error:list/tuple"),
        ({"tags": [["a"]]}, {"tags": [1]}, "type_error:nested"),
        ({"tags": [["a"]]}, {"tags": "a"}, "type_error:simple"),
        ({"rates": [[1.5]]}, {"rates": [1]}, "type_error:nested"),
        ({"box": [{"a": [1]}]}, {"box": {"a": 2}}, "value_error:dict_value"),
        ({"box": [{"a": [1]}]}, {"box": {"b": 1}}, "value_error:dict_key"),
        ({"box": [{"a": [1], "b": [1]}]}, {"box": {"a": 2}}, "value_error:dict_key"),
        ({"box": [{"a": [1]}]}, {"box": [1]}, "type_error:simple"),
        ({"boxes": [[{"a": [1]}]]}, {"boxes": []}, "value_error:list_dict_count"),
        ({"boxes": [[{"a": [1]}]]}, {"boxes": [{"a": 2}]}, "value_error:dict_value"),
    ],
)
def test_what_it_refuses_and_why(possible: dict[str, list[Any]], given: dict[str, Any], error: str) -> None:
    assert judged(possible, given) == error


def test_a_required_parameter_is_missed_though_it_could_be_empty() -> None:
    error = "simple_function_checker:missing_required"
    assert judged({"text": ["a", ""]}, {}, required=("text",)) == error
    assert ours(line([{"f.g": {"text": ["a", ""]}}], [{"f.g": {}}], required=("text",))) is False


F, H = {"f.g": {"count": 1}}, {"h": {"text": "a"}}
WANT_F, WANT_H = {"f.g": {"count": [1]}}, {"h": {"text": ["a"]}}
NO_MATCH = "parallel_function_checker_no_order:cannot_find_match"


@pytest.mark.parametrize(
    ("category", "possible", "output", "error"),
    [
        ("simple_python", [WANT_F], [], "simple_function_checker:wrong_count"),
        ("simple_python", [WANT_F], [F, F], "simple_function_checker:wrong_count"),
        ("simple_python", [WANT_F], [H], "simple_function_checker:wrong_func_name"),
        ("simple_python", [WANT_F], [{"f_g": {"count": 1}}], "simple_function_checker:wrong_func_name"),
        ("live_multiple", [WANT_H], [H], None),
        ("live_multiple", [WANT_H], [F], "simple_function_checker:wrong_func_name"),
        ("multiple", [WANT_H], [], "multiple_function_checker:wrong_count"),
        ("parallel", [WANT_F, WANT_H], [H, F], None),
        ("parallel_multiple", [WANT_F, WANT_F], [F, H], NO_MATCH),
        ("parallel", [WANT_F], [F, F], "parallel_function_checker_no_order:wrong_count"),
        ("parallel", [{"unlisted": {}}], [{"unlisted": {}}], NO_MATCH),
        ("simple", [WANT_F], "f.g(count=1)", "ast_decoder:decoder_wrong_output_format"),
        ("simple", [WANT_F], [{"f.g": 1}], "ast_decoder:decoder_wrong_output_format"),
        ("simple", [WANT_F], [F | H], "ast_decoder:decoder_wrong_output_format"),
    ],
)
def test_how_calls_are_counted(category: str, possible: list[Any], output: Any, error: str | None) -> None:
    one = line(possible, output, category)
    assert verdict(one) == error
    assert ours(one) is (error is None or possible == [{"unlisted": {}}])


@pytest.mark.parametrize(
    ("possible", "output", "bfcl", "default"),
    [
        # Greedily, the first expected call takes the only one that the second could have.
        (
            [{"h": {"count": [1, 2]}}, {"h": {"count": [1]}}],
            [{"h": {"count": 1}}, {"h": {"count": 2}}],
            False,
            True,
        ),
        ([{"h": {"text": ["a.b"]}}], [{"h": {"text": "ab"}}], True, False),
        ([{"h": {"box": [{"a": [1]}]}}], [{"h": {"box": {"a": True}}}], True, False),
        ([{"h": {"count": [1]}}], [{"h": {"count": 1.0}}], False, True),
        ([{"h": {"tags": [["a"], ""]}}], [{"h": {"tags": []}}], True, False),
        ([{"h": {"text": ["New York"]}}], [{"h": {"text": "new  york"}}], True, True),
    ],
)
def test_where_our_matching_differs(
    possible: list[Any], output: list[Any], bfcl: bool, default: bool
) -> None:
    one = line(possible, output, "parallel")
    assert (verdict(one) is None) is bfcl
    assert ours(one) is default


def test_a_type_that_bfcl_does_not_have_is_an_error() -> None:
    one = line([{"h": {"text": ["a"]}}], [H], "multiple")
    one.functions[1].parameters.properties["text"] = {"type": "number"}
    with pytest.raises(ValueError, match="number"):
        verdict(one)


def test_the_command_judges_line_by_line(tmp_path: Path) -> None:
    good = {"id": "a", "category": "simple", "functions": [function("h")], "possible_answer": [WANT_H]}
    rows = [good | {"model_output": [H], "valid": True}, good | {"id": "b", "model_output": []}]
    file = tmp_path / "calls.jsonl.gz"
    file.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    result = CliRunner().invoke(cli, ["eval", "calls", str(file), "--mode", "bfcl", "--json"])
    assert result.exit_code == 0
    assert [json.loads(row) for row in result.stdout.splitlines()] == [
        {"id": "a", "valid": True, "error": None},
        {"id": "b", "valid": False, "error": "simple_function_checker:wrong_count"},
    ]
    assert "1 of 2 valid\n1 of 1 verdicts as the file says" in result.stderr


def test_the_command_names_the_line_that_it_cannot_read() -> None:
    result = CliRunner().invoke(cli, ["eval", "calls", "-", "--json"], input='{"id": "a"}\n\nnope\n')
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "line 1: functions: Field required" in result.stderr
    assert "line 3: Invalid JSON" in result.stderr
