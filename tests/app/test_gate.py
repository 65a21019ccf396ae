import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.processes import environment, warrant

Gate = Callable[..., subprocess.CompletedProcess[str]]
KEY = "sk-" + "abcdefghij0123456789" * 2


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    def run(*arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        if given is not None:
            (tmp_path / "given.jsonl").write_text(given, encoding="utf-8")
        return warrant("gate", *arguments, env=environment(tmp_path))

    return run


def test_check_says_what_was_found_and_ends_with_its_code(gate: Gate) -> None:
    fine = gate("check", "How long do customers have to return a product?")
    assert (fine.returncode, fine.stdout.splitlines()[0]) == (0, "allow at screen: Nothing was found.")
    refused = gate("check", f"My key is {KEY}.", "--json")
    verdict = json.loads(refused.stdout)
    assert (refused.returncode, verdict["decision"], verdict["category"]) == (3, "refuse", "secret")
    assert verdict["spans"] == [[10, 10 + len(KEY)]]
    assert KEY not in refused.stdout


def test_score_gives_a_line_for_each_text_in_its_order(gate: Gate, tmp_path: Path) -> None:
    rows = [{"text": f"key {KEY}", "surface": "output", "id": "a"}, {"text": "héllo"}, {"text": ""}]
    given = "\n".join(map(json.dumps, rows)) + "\n\n"
    scored = gate("score", str(tmp_path / "given.jsonl"), "--json", "--classifier", "rules", given=given)
    lines = [json.loads(line) for line in scored.stdout.splitlines()]
    assert [line["verdict"] for line in lines] == ["refuse", "allow", "allow"]
    assert lines[0]["id"] == "a"
    assert lines[0].keys() == {"id", "score", "category", "verdict", "ms"}
    assert (lines[0]["score"], lines[1]["score"], lines[1]["category"]) == (1.0, 0.0, "ok")
    summary = gate("score", str(tmp_path / "given.jsonl"), "--classifier", "policy")
    assert "2  input: allow ok" in summary.stdout


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2 is not JSON"),
        ("[]", "line 2 has no text"),
        ('{"text": 7}', "line 2 has no text"),
        ('{"text": "x", "surface": "moon"}', "has the surface 'moon'. Use input, tool or output."),
    ],
)
def test_a_line_that_is_none_is_named(gate: Gate, tmp_path: Path, line: str, said: str) -> None:
    given = '{"text": "x"}\n' + line + "\n"
    done = gate("score", str(tmp_path / "given.jsonl"), "--classifier", "rules", given=given)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_file_or_classifier_that_does_not_exist_is_said_with_the_way_out(gate: Gate) -> None:
    missing = gate("score", "nowhere.jsonl", "--classifier", "rules")
    assert (missing.returncode, "Give a readable file" in missing.stderr) == (2, True)
    unknown = gate("score", "nowhere.jsonl", "--classifier", "rulez")
    assert (unknown.returncode, "There is no classifier 'rulez'" in unknown.stderr) == (2, True)
