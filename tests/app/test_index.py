import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WARRANT = [sys.executable, "-c", "from app.cli import main; main()", "index"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("cli")
    (home / "documents").mkdir()
    (home / "documents" / "returns.md").write_text("# Returns\n\nWithin 30 days.\n", "utf-8")
    (home / "documents" / "staff.md").write_text(
        "---\nlabels: staff\n---\n# Goodwill\n\nUp to 25 EUR.\n", "utf-8"
    )
    return home


def warrant(
    home: Path, *arguments: str, code: int = 0, **environment: str
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "WARRANT_HOME": str(home / "home"), **environment}
    done = subprocess.run(
        [*WARRANT, *arguments],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done


def test_add_status_and_search_from_the_command_line(home: Path) -> None:
    assert "warrant index add" in warrant(home, "search", "returns").stderr
    assert json.loads(warrant(home, "status", "--json").stdout)["passages"] == 0

    first = json.loads(warrant(home, "add", "documents", "--json").stdout)
    assert (first["added"], first["passages"], first["broken"]) == (2, 2, [])
    assert warrant(home, "add", "documents").stdout == (
        "0 added, 0 changed, 2 unchanged, 0 removed; 0 passages written.\n"
    )

    state = json.loads(warrant(home, "status", "--json").stdout)
    assert (state["files"], state["embedding"], state["dimensions"]) == (2, "minilm", 384)
    (passage,) = json.loads(warrant(home, "search", "goodwill or returns", "--json").stdout)["passages"]
    assert (passage["source"], passage["title"]) == ("documents/returns.md", ["Returns"])
    shown = warrant(home, "search", "goodwill", WARRANT_LABELS="staff").stdout
    assert "documents/staff.md [0:" in shown

    (home / "documents" / "bad.pdf").write_bytes(b"not a PDF")
    broken = warrant(home, "add", "documents", "--json", code=5)
    assert [one["source"] for one in json.loads(broken.stdout)["broken"]] == ["documents/bad.pdf"]
    assert "skipped documents/bad.pdf" in broken.stderr
    assert "failed:" in warrant(home, "status").stdout


def test_a_changed_rule_is_refused_until_it_is_applied(tmp_path: Path) -> None:
    (tmp_path / "hr").mkdir()
    (tmp_path / "hr" / "pay.md").write_text("Pay slips come on the 25th.", "utf-8")
    policy = tmp_path / "policy.toml"
    policy.write_text("", "utf-8")
    warrant(tmp_path, "add", "hr", WARRANT_POLICY=str(policy))
    policy.write_text('[[retrieval.labels]]\npath = "hr/**"\nlabels = ["hr"]\n', "utf-8")
    ask = ("search", "pay slips", "--json")
    assert "warrant index label" in warrant(tmp_path, *ask, code=2, WARRANT_POLICY=str(policy)).stderr
    done = json.loads(warrant(tmp_path, "label", "--json", WARRANT_POLICY=str(policy)).stdout)
    assert done == {"files": 1, "changed": 1, "broken": []}
    assert json.loads(warrant(tmp_path, *ask, WARRANT_POLICY=str(policy)).stdout)["passages"] == []
    held = warrant(tmp_path, *ask, WARRANT_POLICY=str(policy), WARRANT_LABELS="hr").stdout
    assert [one["labels"] for one in json.loads(held)["passages"]] == [["hr"]]
    (tmp_path / "hr" / "_labels.toml").write_text("label = 'hr'", "utf-8")
    broken = warrant(tmp_path, "label", code=5, WARRANT_POLICY=str(policy))
    assert "nobody may" in broken.stderr


@pytest.mark.parametrize(
    ("arguments", "way_out"),
    [(["add"], "warrant index add PATH"), (["add", "gone"], "--prune"), (["add", "."], "Warrant reads .md")],
)
def test_a_usage_error_is_one_line_with_the_way_out(
    tmp_path: Path, arguments: list[str], way_out: str
) -> None:
    done = warrant(tmp_path, *arguments, code=2)
    assert done.stderr.count("\n") == 1
    assert way_out in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "command", ["add", "label", "status", "watch", "check", "snapshot", "restore", "search"]
)
def test_help_ends_with_an_example(tmp_path: Path, command: str) -> None:
    assert f"Example: warrant index {command}" in warrant(tmp_path, command, "--help").stdout
