"""Uploading a suite's run to a server that speaks LangSmith's protocol."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evals.suites.langsmith import upload
from graphs.langsmith_export import ExportError
from state.errors import UsageError
from state.settings import Settings
from tests.evals.report.recorded_runs import record
from tests.servers.langsmith_server import LangSmithServer, langsmith_server

SECRET = "sk-proj-" + "a1B2" * 10


@pytest.fixture
def server() -> Iterator[LangSmithServer]:
    with langsmith_server() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return record(tmp_path / "golden-1", cases=6, trials=2, secret=SECRET)


def configured(url: str) -> Settings:
    return Settings(LANGSMITH_TRACING=True, LANGSMITH_ENDPOINT=url, LANGSMITH_API_KEY="the-key")


def test_cases_trials_and_scores_arrive_and_belong_together(server: LangSmithServer, folder: Path) -> None:
    sent = upload(folder, configured(server.url))
    assert (sent.examples, sent.runs) == (6, 11), "the trial with an infrastructure error has no run"
    (dataset,), (session,) = server.datasets.values(), server.sessions.values()
    assert dataset["name"] == "golden d1d1d1d1d1d1"
    assert session["reference_dataset_id"] == dataset["id"]
    assert session["name"] == "golden golden-1"
    assert {each["reference_example_id"] for each in server.runs.values()} == set(server.examples)
    assert {each["session_name"] for each in server.runs.values()} == {session["name"]}
    example = next(one for one in server.examples.values() if one["metadata"]["case"] == "orders/0000")
    assert example["outputs"]["calls"][0]["tool"] == "get_order"
    assert example["inputs"]["input"].startswith("Where is order 1000")
    assert len(server.feedback) == sent.feedback == 11 * 5, "four scores with a value, and whether it passed"
    assert {each["run_id"] for each in server.feedback.values()} == set(server.runs)
    assert {each["session_id"] for each in server.feedback.values()} == {session["id"]}


def test_nothing_leaves_that_must_stay(server: LangSmithServer, folder: Path) -> None:
    assert SECRET in (folder / "traces.jsonl").read_text()
    upload(folder, configured(server.url))
    assert server.bodies
    assert not any(SECRET.encode() in body for body in server.bodies)


def test_uploading_again_changes_nothing(server: LangSmithServer, folder: Path) -> None:
    first = upload(folder, configured(server.url))
    ids = [
        set(server.datasets),
        set(server.examples),
        set(server.sessions),
        set(server.runs),
        set(server.feedback),
    ]
    assert upload(folder, configured(server.url)) == first
    assert [
        set(server.datasets),
        set(server.examples),
        set(server.sessions),
        set(server.runs),
        set(server.feedback),
    ] == ids


def test_another_run_of_the_same_cases_shares_their_dataset(server: LangSmithServer, tmp_path: Path) -> None:
    for version in (1, 2):
        upload(
            record(tmp_path / f"run-{version}", version=version, cases=6, trials=1), configured(server.url)
        )
    assert (len(server.datasets), len(server.examples), len(server.sessions)) == (1, 6, 2)
    assert len(server.runs) == 10


def test_more_cases_than_a_page_holds(server: LangSmithServer, tmp_path: Path) -> None:
    folder = record(tmp_path / "many", cases=130, trials=1)
    (folder / "trials.jsonl").write_text(
        "".join(line.replace('"status":"done"', '"status":"infrastructure_error"') for line in _lines(folder))
    )
    for _ in range(2):
        assert upload(folder, configured(server.url)).examples == len(server.examples) == 130


def _lines(folder: Path) -> list[str]:
    return (folder / "trials.jsonl").read_text().splitlines(keepends=True)


def test_without_cases_and_traces_the_results_go_all_the_same(server: LangSmithServer, folder: Path) -> None:
    (folder / "cases.jsonl").unlink()
    (folder / "traces.jsonl").unlink()
    assert upload(folder, configured(server.url)).runs == len(server.runs) == 11


@pytest.mark.parametrize("status", [401, 500])
def test_a_server_that_refuses_is_one_message(
    server: LangSmithServer, folder: Path, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    server.status = status
    with pytest.raises(ExportError, match="warrant eval upload RUN"):
        upload(folder, configured(server.url))
    assert not caplog.records


def test_scores_go_together_and_are_not_said_to_be_there_if_they_are_refused(
    server: LangSmithServer, folder: Path
) -> None:
    server.refused = "feedback"
    with pytest.raises(ExportError, match="does not take the run"):
        upload(folder, configured(server.url))
    server.refused = None
    assert not server.feedback
    requests = len(server.bodies)
    assert upload(folder, configured(server.url)).feedback == len(server.feedback) == 55
    assert len(server.bodies) - requests < 6


def test_a_server_that_is_no_langsmith_is_one_message(server: LangSmithServer, folder: Path) -> None:
    with pytest.raises(ExportError, match="Check LANGSMITH_ENDPOINT"):
        upload(folder, configured(f"{server.url}/elsewhere"))


@pytest.mark.parametrize("answers", [False, True])
def test_a_dead_server_costs_a_few_seconds(folder: Path, *, answers: bool) -> None:
    """Nobody listens; or somebody listens, and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        if answers:
            listening.listen()
        begun = time.monotonic()
        with pytest.raises(ExportError):
            upload(folder, configured(f"http://127.0.0.1:{listening.getsockname()[1]}"))
    assert time.monotonic() - begun < 10


def test_without_a_key_it_says_what_to_set(folder: Path) -> None:
    with pytest.raises(UsageError, match="LANGSMITH_API_KEY"):
        upload(folder, Settings(LANGSMITH_TRACING=True))
