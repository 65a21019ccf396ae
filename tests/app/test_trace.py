"""`warrant trace`, as a user runs it: real processes, a real store."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.trace import commands
from state.errors import UsageError
from state.process import this_process
from state.settings import settings
from state.store import Store
from state.trace import HIDDEN, Run

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
Invoke = Callable[..., str]
FIELDS = {"id", "trace_id", "dotted_order", "parent_run_id", "name", "run_type", "inputs", "outputs"} | {
    "error",
    "start_time",
    "end_time",
    "extra",
    "tags",
}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("WARRANT_HOME", str(tmp_path))
    settings.cache_clear()
    opened = Store(settings().database_url())
    yield opened
    opened.close()
    settings.cache_clear()


@pytest.fixture
def warrant(store: Store) -> Invoke:
    def invoke(*args: str) -> str:
        return CliRunner().invoke(commands, args, catch_exceptions=False).stdout

    return invoke


def run(name: str, parent: Run | None = None, at: float = 0, took: float | None = 1, **fields: Any) -> Run:
    begun = START + timedelta(seconds=at)
    return Run(
        id=name,
        trace_id=parent.trace_id if parent else name,
        dotted_order=f"{parent.dotted_order}.{at:06.2f}{name}" if parent else f"{at:06.2f}{name}",
        parent_run_id=parent.id if parent else None,
        **{"name": name, "run_type": "chain", "start_time": begun, **fields},
        end_time=None if took is None else begun + timedelta(seconds=took),
    )


def written(store: Store, **root: Any) -> list[Run]:
    stamp = {"thread_id": "t1", "outcome": "answered", "stamp": {"graph": "sha256:1"}}
    extra = {"metadata": stamp, "runtime": {"process": this_process()}}
    top = run(
        "abc1", inputs={"messages": [{"type": "human", "content": "How long?"}]}, **{"extra": extra, **root}
    )
    usage = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10, "total_cost": 0.25}
    answer = {"generations": [[{"text": "the [bold]plan[/bold]\x1b[31m"}]]}
    unseen = run("unseen", top, 2, tags=[HIDDEN])
    runs = [
        top,
        run("model", top, 1, run_type="llm", extra={"metadata": {"usage_metadata": usage}}, outputs=answer),
        unseen,
        run("double", unseen, 3, run_type="tool", inputs={"n": 2}, outputs={"output": 4}),
        run("broken", top, 4, run_type="tool", error="ValueError('no')\n\nTraceback"),
    ]
    store.write_runs(runs)
    return runs


def test_show_draws_the_tree_with_times_tokens_cost_gist_and_errors(store: Store, warrant: Invoke) -> None:
    written(store)
    shown = warrant("show", "ab")
    lines = shown.splitlines()
    assert lines[0] == "trace abc1  answered"
    assert lines[1].startswith("thread t1  started ")
    assert lines[2] == "1000 ms, 5 runs, 1 model calls, 7 + 3 tokens, $0.2500"
    assert lines[3] == "stamp graph 1"
    assert lines[4:] == [
        "abc1 chain ok 1000 ms",
        "├── model llm ok 1000 ms 7+3 tokens $0.2500  the [bold]plan[/bold] [31m",
        '├── double tool ok 1000 ms  {"n": 2} → 4',
        "└── broken tool error 1000 ms  ValueError('no')",
    ]
    assert "\x1b" not in shown, "no colours and no tool's escape codes in a pipe"


def test_show_leaves_hidden_runs_out_unless_asked(store: Store, warrant: Invoke) -> None:
    written(store)
    assert "unseen" not in warrant("show")
    assert "unseen chain ok" in warrant("show", "--all")


def test_show_as_json_is_one_document(store: Store, warrant: Invoke) -> None:
    runs = written(store)
    document = json.loads(warrant("show", "abc1", "--all", "--json"))
    assert (document["trace_id"], document["status"], document["outcome"]) == ("abc1", "ok", "answered")
    assert document["totals"] == {
        "model_calls": 1,
        "input_tokens": 7,
        "output_tokens": 3,
        "cost_usd": 0.25,
        "errors": 1,
    }
    assert [Run.model_validate(each) for each in document["runs"]] == runs


@pytest.mark.parametrize(
    ("birth", "status"),
    [(None, "interrupted"), (this_process()["birth"], "running")],
    ids=["gone", "running"],
)
def test_a_trace_that_did_not_end_is_running_or_its_process_is_gone(
    store: Store, warrant: Invoke, birth: str | None, status: str
) -> None:
    process = {**this_process(), "birth": birth}
    written(store, took=None, extra={"runtime": {"process": process}})
    assert f"abc1 chain {status}" in warrant("show")
    assert json.loads(warrant("list", "--json"))[0]["status"] == status
    assert ("its process ended" in warrant("show")) == (status == "interrupted")


def test_list_shows_the_newest_first(store: Store, warrant: Invoke) -> None:
    written(store)
    store.write_runs([run("later", at=50, extra={"metadata": {"thread_id": "t2"}})])
    lines = warrant("list").splitlines()
    assert [line.split()[0] for line in lines] == ["trace", "later", "abc1"]
    assert "answered" in lines[2]
    assert "How long?" in lines[2]
    assert [each["trace_id"] for each in json.loads(warrant("list", "--json", "--thread", "t1"))] == ["abc1"]
    assert len(json.loads(warrant("list", "--json", "--limit", "1"))) == 1


def test_export_writes_a_run_a_line_in_the_fields_of_langsmith(
    store: Store, warrant: Invoke, tmp_path: Path
) -> None:
    runs = written(store)
    other = run("later", at=50)
    store.write_runs([other])
    lines = warrant("export", "abc1").splitlines()
    assert [Run.model_validate_json(line) for line in lines] == runs
    assert json.loads(lines[0]).keys() == FIELDS
    assert warrant("export", "--all", "--out", str(tmp_path / "all.jsonl")) == ""
    exported = (tmp_path / "all.jsonl").read_text(encoding="utf-8").splitlines()
    assert [Run.model_validate_json(line) for line in exported] == [*runs, other]
    assert [json.loads(line)["id"] for line in warrant("export").splitlines()] == ["later"]


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (("show",), "no traces yet"),
        (("show", "zzz"), "No run begins"),
        (("export", "--all", "x"), "not both"),
        (("export", "--all", "--out", "/nowhere/x"), "Cannot write"),
    ],
)
def test_what_cannot_be_done_is_a_usage_error(warrant: Invoke, args: tuple[str, ...], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        warrant(*args)


@pytest.mark.parametrize("command", ["list", "show", "export"])
def test_each_help_has_an_example(command: str) -> None:
    assert f"warrant trace {command}" in CliRunner().invoke(commands, [command, "--help"]).stdout


def test_the_command_line_is_loaded_without_the_store() -> None:
    code = "import sys, app.trace; print({'sqlalchemy', 'langchain_core', 'pydantic'} & sys.modules.keys())"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"


GOING_ON = """
import os, sys, time
from datetime import UTC, datetime
from state.process import this_process
from state.store import Store
from state.trace import Run
more = {"start_time": datetime.now(UTC), "extra": {"runtime": {"process": this_process()}}}
run = Run(id="live", trace_id="live", dotted_order="1", name="live", run_type="chain", **more)
Store(sys.argv[1]).write_runs([run])
print("written", flush=True)
time.sleep(60)
"""


def test_a_run_can_be_watched_and_is_interrupted_once_it_is_killed(store: Store, warrant: Invoke) -> None:
    command = [sys.executable, "-c", GOING_ON, settings().database_url()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        assert "live chain running" in warrant("show")
        process.kill()
    assert "live chain interrupted" in warrant("show")
