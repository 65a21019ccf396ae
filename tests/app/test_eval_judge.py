"""`warrant eval judge`, as a user runs it, with a real server as judge."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.eval_judge import commands
from models.chat import ModelError
from models.sections import parse
from models.strategy import without_schema
from state.errors import BoundExceededError, UsageError
from state.settings import settings
from tests.servers.openai_server import Behaviour, Body, OpenAIServer, fails, obeys


def decide(body: Body) -> Behaviour:
    seen = parse(without_schema(str(body["messages"][-1]["content"])))
    return obeys(json.dumps({"reason": "…", "verdict": seen["answer"]}))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("WARRANT_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    lines = [
        {
            "id": str(n),
            "evidence": f"e{n}",
            "answer": ["supported", "unsupported"][n % 2],
            "supported": 1 - n % 2,
        }
        for n in range(60)
    ]
    (tmp_path / "labels.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    yield tmp_path
    settings.cache_clear()


def run(*args: str) -> tuple[str, str]:
    done = CliRunner().invoke(commands, args, catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout, done.stderr


def test_calibrate_goes_on_where_a_bound_stopped_it_and_show_says_whether_it_gates(folder: Path) -> None:
    with OpenAIServer(choose=decide) as server:
        args = ["calibrate", str(folder / "labels.jsonl"), "--rubric", "faithful"]
        args += ["--model", f"{server.url}#judge", "--json"]
        with pytest.raises(BoundExceededError, match="bound of 20 model calls"):
            run(*args, "--max-calls", "20")
        said, progress = run(*args)
        assert len(server.requests) == 60
    found = json.loads(said)
    assert (found["n"], found["kappa"]["value"], found["table"]) == (60, 1.0, [30, 0, 0, 30])
    assert found["usage"]["model_calls"] == 40
    assert "60 of 60 judged" in progress
    artefact = folder / "home" / "judges" / "faithful.json"
    shown, _ = run("show", str(artefact))
    assert "gates      Calibrated on 60 labels" in shown
    assert "kappa      1.000 (0." in shown
    assert json.loads(run("show", str(artefact), "--level", "0.99", "--json")[0])["gates"] is False


def test_what_is_wrong_is_said_before_a_model_is_asked(folder: Path) -> None:
    labels = str(folder / "labels.jsonl")
    with OpenAIServer(fails(500)) as server:
        model = f"{server.url}#judge"
        for args, problem in (
            ((labels, "--rubric", "none", "--model", model), "Cannot read the rubric none"),
            ((str(folder / "none"), "--rubric", "faithful", "--model", model), "Cannot read the labels"),
            ((labels, "--rubric", "better", "--model", model), "lacks the answers a and b"),
        ):
            with pytest.raises(UsageError, match=problem):
                run("calibrate", *args)
        with pytest.raises(UsageError, match="Cannot make"):
            run("calibrate", labels, "--rubric", "faithful", "--model", model, "--out", f"{labels}/x/y")
        assert server.requests == []
    with pytest.raises(ModelError, match="no name of a chat model"):
        run("calibrate", labels, "--rubric", "faithful", "--model", "nobody")
