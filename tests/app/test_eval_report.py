"""`warrant eval report` and `warrant eval upload`, as a user runs them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.evaluate import commands
from state.errors import UsageError
from state.settings import settings
from tests.evals.report.recorded_runs import record
from tests.servers.langsmith_server import langsmith_server


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("WARRANT_HOME", str(tmp_path))
    settings.cache_clear()
    record(tmp_path / "evals" / "base", cases=6, trials=2)
    record(tmp_path / "evals" / "new", version=1, cases=6, trials=2)
    yield tmp_path
    settings.cache_clear()


def invoke(*args: str) -> str:
    return CliRunner().invoke(commands, args, catch_exceptions=False).stdout


def test_a_report_is_one_file_and_its_figures_are_json(home: Path) -> None:
    out = home / "report.html"
    shown = json.loads(invoke("report", "new", str(home / "evals" / "base"), "--out", str(out), "--json"))
    assert [run["run"] for run in shown["runs"]] == ["base", "new"]
    assert shown["bytes"] == out.stat().st_size
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_page_that_cannot_be_written_or_a_run_that_is_not_there_says_so(home: Path) -> None:
    with pytest.raises(UsageError, match="Give another --out"):
        invoke("report", "base", "--out", str(home))
    with pytest.raises(UsageError, match="no run"):
        invoke("report", "other")


def test_a_run_is_uploaded_by_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    with langsmith_server() as server:
        monkeypatch.setenv("LANGSMITH_TRACING", "true")
        monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
        monkeypatch.setenv("LANGSMITH_API_KEY", "the-key")
        settings.cache_clear()
        assert json.loads(invoke("upload", "base", "--json"))["examples"] == 6
        assert "experiment golden base: 11 runs" in invoke("upload", "base")
        assert len(server.runs) == 11
