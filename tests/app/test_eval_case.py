"""`warrant eval case add` as a command: from a run in the store to a case of a dataset."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.evaluate import commands
from evals.cases.dataset import load
from state.errors import UsageError
from state.settings import settings
from state.store import Store
from state.trace import Run

ASKED, RESUMED = "aaaa0000", "bbbb0000"
RUN = CliRunner()


def root(id_: str, second: int, inputs: dict[str, Any], outcome: str) -> Run:
    start = datetime(2026, 11, 24, 12, 0, second, tzinfo=UTC)
    return Run(
        id=id_,
        trace_id=id_,
        dotted_order=f"{start:%Y%m%dT%H%M%S%fZ}{id_}",
        name="warrant",
        run_type="chain",
        inputs=inputs,
        outputs={"messages": [{"type": "human", "content": "Refund it."}]},
        start_time=start,
        end_time=start,
        extra={"metadata": {"thread_id": "thread-of-case", "outcome": outcome}},
    )


def refund(parent: Run) -> Run:
    return parent.model_copy(
        update={
            "id": "cccc0000",
            "parent_run_id": parent.id,
            "dotted_order": f"{parent.dotted_order}.{parent.dotted_order}",
            "name": "refund_order",
            "run_type": "tool",
            "inputs": {"order_id": "WR-1042"},
            "outputs": {"output": {"refund_id": "RF-1"}},
            "extra": {},
        }
    )


@pytest.fixture
def _recorded() -> Iterator[None]:
    question = {"messages": [{"type": "human", "content": "Refund it."}]}
    answer = {"value": {"resume": {"decisions": [{"type": "approve"}]}}}
    asked, resumed = root(ASKED, 1, question, "needs_approval"), root(RESUMED, 2, answer, "answered")
    with closing(Store(settings().database_url())) as store:
        store.write_runs([asked, resumed, refund(resumed)])
        yield


@pytest.mark.usefixtures("_recorded")
def test_a_run_becomes_a_case_with_its_decisions(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    done = RUN.invoke(
        commands, ["case", "add", "bbbb", "--to", str(file), "--id", "mine", "--tag", "x", "--json"]
    )
    assert done.exit_code == 0, done.exception
    [case] = load(file).cases
    assert json.loads(done.stdout) == json.loads(file.read_text())
    assert (case.id, case.tags, case.input, case.source) == ("mine", ("x",), "Refund it.", ASKED)
    assert case.resume == ({"decisions": [{"type": "approve"}]},)
    assert [(call.tool, call.args) for call in case.expect.calls or ()] == [
        ("refund_order", {"order_id": "WR-1042"})
    ]
    assert case.expect.outcome == "answered"
    error = RUN.invoke(commands, ["case", "add", "aaaa", "--to", str(file)]).exception
    assert isinstance(error, UsageError)
    assert "of the same trace" in str(error)


@pytest.mark.usefixtures("_recorded")
def test_what_is_expected_can_be_chosen(tmp_path: Path) -> None:
    none = RUN.invoke(
        commands, ["case", "add", "aaaa", "--to", str(tmp_path / "1"), "--expect", "none", "--json"]
    )
    assert "expect" not in json.loads(none.stdout)
    failed = RUN.invoke(commands, ["case", "add", "aaaa", "--to", str(tmp_path / "2"), "--failed", "--json"])
    assert json.loads(failed.stdout)["expect"]["forbidden"][0]["tool"] == "refund_order"
    both = ["case", "add", "aaaa", "--to", str(tmp_path / "3"), "--expect", "none", "--expect", "calls"]
    assert isinstance(RUN.invoke(commands, both).exception, UsageError)
    unknown = RUN.invoke(commands, ["case", "add", "zzzz", "--to", str(tmp_path / "3")])
    assert isinstance(unknown.exception, UsageError)
    assert not (tmp_path / "3").exists()
