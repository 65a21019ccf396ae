"""Importing, rating and exporting traces, as a user does it."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app.trace import commands
from state.errors import UsageError
from state.settings import settings
from state.store import Store
from tests.evals.traces.talk import ASKED, REFUND
from tests.servers.langsmith_server import langsmith_server

TAU = {"task_id": 3, "trial": 1, "reward": 1.0, "messages": REFUND, "info": {"x": None}}
LANGSMITH: dict[str, Any] = {
    "id": "6f1d2c3b-0000-4000-8000-00000000000a",
    "trace_id": "6f1d2c3b-0000-4000-8000-00000000000a",
    "dotted_order": "20261120T120000000000Z6f1d2c3b-0000-4000-8000-00000000000a",
    "session_id": "6f1d2c3b-0000-4000-8000-000000000001",
    "parent_run_id": None,
    "name": "agent",
    "run_type": "chain",
    "inputs": {"question": "Mail jane@mail.example"},
    "outputs": {"output": "ok"},
    "error": None,
    "start_time": "2026-11-20T12:00:00",
    "end_time": "2026-11-20T12:00:01.5+00:00",
    "extra": None,
    "tags": None,
    "feedback_stats": {"helpful": {"n": 2, "avg": 0.5}, "odd": 3},
    "child_run_ids": [],
}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("WARRANT_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    opened = Store(settings().database_url())
    yield opened
    opened.close()
    settings.cache_clear()


def warrant(*args: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(commands, [str(arg) for arg in args], input=stdin, catch_exceptions=False)


def written(path: Path, *lines: object) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def lines(result: Result) -> list[Any]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_conversations_come_back_as_they_were_and_a_second_import_adds_nothing(
    store: Store, tmp_path: Path
) -> None:
    file = written(tmp_path / "tau.jsonl", TAU, {**TAU, "reward": 0.0})
    assert "2 traces, 16 runs imported, 2 ratings" in warrant("import", file, "--format", "tau-bench").stdout
    again = json.loads(warrant("import", file, "--format", "tau-bench", "--json").stdout)
    assert (again["runs"], again["known"], len(store.trace_ids())) == (16, 16, 2)
    assert lines(warrant("export", "--all", "--format", "openai")) == [TAU, {**TAU, "reward": 0.0}]
    assert sorted(one.score or 0 for one in store.feedback()) == [0.0, 1.0]


def test_runs_of_langsmith_keep_every_field(store: Store, tmp_path: Path) -> None:
    child = {**LANGSMITH, "id": "c", "parent_run_id": LANGSMITH["id"], "dotted_order": "3", "extra": {"a": 1}}
    file = tmp_path / "runs.json.gz"
    file.write_bytes(gzip.compress(json.dumps([LANGSMITH, child], indent=1).encode()))
    warrant("import", file, "--format", "langsmith")
    assert lines(warrant("export", "--all", "--format", "langsmith")) == [LANGSMITH, child]
    assert [(one.key, one.score) for one in store.feedback()] == [("helpful", 0.5)]
    plain = written(tmp_path / "jsonl", *lines(warrant("export", "--all")))
    warrant("import", plain, "--format", "jsonl")
    assert lines(warrant("export", "--all", "--format", "langsmith")) == [LANGSMITH, child]


def test_what_is_sensitive_is_replaced_before_it_is_stored(store: Store, tmp_path: Path) -> None:
    file = written(tmp_path / "x", {"messages": REFUND, "password": "hunter2x"})
    said = warrant("import", file, "--format", "openai", "--redact").stdout
    assert "2 secrets and personal data replaced" in said
    kept = store.runs(store.trace_ids()[0])
    assert "jane@mail" not in str(kept)
    assert "hunter2x" not in str(kept)
    runs = written(tmp_path / "y", LANGSMITH)
    warrant("import", runs, "--format", "langsmith", "--redact")
    assert store.runs(str(LANGSMITH["id"]))[0].inputs == {"question": "Mail [email]"}


def test_a_malformed_line_stops_the_import_or_is_counted(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(json.dumps({"messages": REFUND}) + '\n{"messages": 3}\n{"a": NaN}\n{broken\n')
    with pytest.raises(UsageError, match=r"line 2: it has no list of messages.*--skip-malformed"):
        warrant("import", file, "--format", "openai")
    found = json.loads(warrant("import", file, "--format", "openai", "--skip-malformed", "--json").stdout)
    assert (found["traces"], found["malformed"]) == (1, 3)
    assert len(store.trace_ids()) == 1


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["--format", "openai"], "Give files"),
        (["nowhere.jsonl", "--format", "openai"], "Cannot read nowhere.jsonl"),
        (["--format", "openai", "--project", "p"], "Only LangSmith"),
    ],
)
def test_what_cannot_be_imported_says_why(store: Store, args: list[str], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        warrant("import", *args)
    assert store.trace_ids() == []


def test_stdin_becomes_a_file_of_runs(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "runs.jsonl"
    warrant("import", "-", "--format", "openai", "--out", out, stdin=json.dumps({"messages": REFUND}))
    assert len(out.read_text().splitlines()) == 8
    assert store.trace_ids() == []
    warrant("import", out, "--format", "jsonl")
    assert lines(warrant("export", "--format", "openai")) == [{"messages": REFUND}]


def test_a_project_is_read_over_the_network(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with langsmith_server() as server:
        monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
        monkeypatch.setenv("LANGSMITH_API_KEY", "a-key")
        settings.cache_clear()
        server.has_project("mine")
        for nth in range(3):
            name = f"6f1d2c3b-0000-4000-8000-00000000001{nth}"
            order = f"20261120T12000{nth}000000Z{name}"
            root = {**LANGSMITH, "id": name, "trace_id": name, "dotted_order": order}
            below = {**root, "id": name.replace("8000", "9000"), "parent_run_id": name, "name": "child"}
            server.runs |= {name: root, below["id"]: {**below, "dotted_order": f"{order}.{order}"}}
        said = warrant("import", "--format", "langsmith", "--project", "mine", "--limit", 2).stdout
        assert said.startswith("2 traces, 4 runs imported")
        assert "a-key" in server.keys
        assert [run.name for run in store.runs("6f1d2c3b-0000-4000-8000-000000000012")] == ["agent", "child"]
        with pytest.raises(Exception, match=r"gives no runs of 'other'.*--project"):
            warrant("import", "--format", "langsmith", "--project", "other")


def test_a_rating_is_kept_shown_and_completed(store: Store, tmp_path: Path) -> None:
    warrant("import", written(tmp_path / "x", {"messages": REFUND}), "--format", "openai")
    trace_id = store.trace_ids()[0]
    warrant("rate", trace_id[:8], "--score", 0)
    warrant("rate", trace_id[:8], "--correction", "No.", "--comment", "wrong")
    assert [(one.score, one.correction) for one in store.feedback(trace_id)] == [(0.0, "No.")]
    assert "score 0 by human  wrong  should have been: No." in warrant("show", trace_id).stdout
    with pytest.raises(UsageError, match="Nothing is said"):
        warrant("rate", trace_id)


def test_rated_traces_become_training_data(store: Store, tmp_path: Path) -> None:
    good = [*REFUND[:1], {"role": "user", "content": ASKED}, {"role": "assistant", "content": "Gladly."}]
    call = {"id": "x", "function": {"name": "refund", "arguments": '{"id": 1}'}}
    bad = [
        *good[:2],
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "x", "content": "ok"},
        {"role": "assistant", "content": "Done."},
    ]
    tools = [{"type": "function", "function": {"name": "refund", "parameters": {"type": "object"}}}]
    file = written(tmp_path / "x", *({"messages": one, "tools": tools} for one in (good, bad, REFUND)))
    warrant("import", file, "--format", "openai")
    for trace_id, score in zip(store.trace_ids(), (1, 0, 1), strict=True):
        warrant("rate", trace_id, "--score", score)
    sft = warrant("export", "--format", "sft", "--min-score", 0)
    assert "left out 1: malformed arguments" in sft.stderr
    used = {"name": "refund", "arguments": {"id": 1}}
    acted = [
        {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": used}]},
        {"role": "tool", "name": "refund", "content": "ok"},
        {"role": "assistant", "content": "Done."},
    ]
    asked = [good[0], {"role": "user", "content": ASKED.replace("jane@mail.example", "[email]")}]
    assert lines(sft) == [
        {"messages": [*asked, good[2]], "tools": tools},
        {"messages": [*asked, *acted], "tools": tools},
    ]
    pair = {"prompt": asked, "chosen": [good[2]], "rejected": acted, "tools": tools}
    assert lines(warrant("export", "--format", "dpo")) == [pair]
    warrant("rate", store.trace_ids()[1], "--correction", "I may not.")
    dpo = warrant("export", "--format", "dpo", "--no-redact")
    assert "left out 1: no trace of the same prompt with another rating" in dpo.stderr
    corrected = {"role": "assistant", "content": "I may not."}
    raw = [good[0], good[1], *acted[:2]]
    assert lines(dpo) == [{"prompt": raw, "chosen": [corrected], "rejected": [acted[2]], "tools": tools}]
