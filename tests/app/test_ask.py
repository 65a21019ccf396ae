"""`warrant ask` as a user runs it: real processes, the demo's documents, no key."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from state.settings import PROJECT
from tests.servers.openai_server import Behaviour, OpenAIServer, hangs, obeys
from tests.servers.processes import BIN, environment, warrant

QUESTION = "How long do customers have to return a product, and what does return shipping cost?"
KEYS = {
    "run_id",
    "thread_id",
    "outcome",
    "reason",
    "answer",
    "plan",
    "calls",
    "waiting",
    "verdicts",
    "violations",
    "usage",
    "stamp",
}

# A background job of a shell, as CI may be, ignores Ctrl-C, and its children with it.
LISTEN = "from signal import *; import os, sys; signal(SIGINT, SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
LISTENING = [BIN / "python", "-c", LISTEN]
Ask = Callable[..., "Asked"]


class Asked:
    """What a call of `warrant` printed."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    done = warrant("index", "add", str(PROJECT / "demo" / "documents"), env=environment(home))
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def ask(home: Path) -> Ask:
    return lambda *args, **env: Asked(warrant("ask", *args, env=environment(home, **env)))


def test_answers_with_citations_that_resolve_in_the_source(ask: Ask) -> None:
    asked = ask(QUESTION, "--json")
    assert asked.code == 0, asked.err
    document = asked.json
    assert document.keys() == KEYS
    assert document["outcome"] == "answered"
    assert "30 days" in document["answer"]["text"]
    assert "4.90" in document["answer"]["text"]
    citations = [c for claim in document["answer"]["claims"] for c in claim["citations"]]
    assert citations
    for citation in citations:
        assert citation.keys() == {"passage", "source", "quote", "start", "end"}
        assert citation["end"] - citation["start"] == len(citation["quote"])
        source = Path(citation["source"])
        if source.suffix in (".md", ".txt"):
            text = source.read_text(encoding="utf-8")
            assert text[citation["start"] : citation["end"]] == citation["quote"]
    assert document["plan"]["steps"]
    assert document["calls"][0].keys() >= {"step", "tool", "args", "status", "seconds"}
    assert document["usage"].keys() >= {"model_calls", "input_tokens", "output_tokens", "cost_usd", "seconds"}
    assert document["stamp"].keys() == {"warrant", "graph", "prompts", "tools", "policy", "gate", "models"}


def test_a_person_sees_plan_steps_answer_and_where_the_trace_is(ask: Ask) -> None:
    asked = ask(QUESTION)
    assert "30 days" in asked.out
    assert "[1]" in asked.out
    for word in ("plan", "search_documents", "done", "answered", "warrant trace show"):
        assert word in asked.err


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What is 17% of 340?", "57.8"),
        ("What is the status of order WR-1042?", "WR-1042"),
        ("What is 12.90 * 3 + 4.90?", "43.6"),
    ],
)
def test_arithmetic_and_look_ups(ask: Ask, question: str, said: str) -> None:
    document = ask(question, "--json").json
    assert document["outcome"] == "answered"
    assert said in document["answer"]["text"]


@pytest.mark.parametrize(
    "question", ["Who won the world cup in 1954?", "What is the boiling point of tungsten?"]
)
def test_abstains_when_the_documents_do_not_tell(ask: Ask, question: str) -> None:
    document = ask(question, "--json").json
    assert (document["outcome"], document["answer"]["claims"]) == ("answered", [])
    assert document["answer"]["text"].startswith(f'The evidence does not answer "{question}"')
    assert "not a language model" in document["answer"]["text"]


def test_an_empty_index_is_said_with_the_way_out(tmp_path: Path) -> None:
    asked = Asked(warrant("ask", QUESTION, "--json", env=environment(tmp_path)))
    assert asked.json["calls"][0]["status"] == "failed"
    assert asked.json["answer"]["claims"] == []
    assert "`warrant index add PATH`" in asked.json["answer"]["text"]


def test_a_refund_waits_is_approved_and_happens_once(ask: Ask) -> None:
    waits = ask("Please refund order WR-1042.", "--json")
    assert waits.code == 4
    [waiting] = waits.json["waiting"]
    assert (waiting["tool"], waiting["args"]["order_id"]) == ("refund_order", "WR-1042")
    assert "--approve" in ask("Please refund order WR-1042.").out
    missing = ask("--resume", waits.json["run_id"])
    assert missing.code == 2
    assert f"--approve {waiting['step']}" in missing.err
    done = ask("--resume", waits.json["run_id"], "--approve", waiting["step"], "--json")
    assert done.code == 0, done.err
    assert done.json["thread_id"] == waits.json["thread_id"]
    again = ask("--resume", waits.json["thread_id"], "--approve", waiting["step"])
    assert again.code == 2
    assert "Nothing is left to do" in again.err


def test_a_rejected_refund_is_not_made(ask: Ask) -> None:
    waits = ask("Please refund order WR-1042.", "--json").json
    done = ask("--resume", waits["thread_id"], "--reject", waits["waiting"][0]["step"], "--json").json
    assert done["outcome"] == "answered"
    assert "refund_order was not called" in done["answer"]["text"]
    assert done["calls"][-1]["status"] == "rejected"


def test_data_satisfies_a_schema(ask: Ask, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    total = {"type": "object", "properties": {"result": {"type": "number"}}, "required": ["result"]}
    schema.write_text(json.dumps(total))
    assert ask("What is 17% of 340?", "--schema", str(schema), "--json").json["answer"]["data"] == {
        "result": 57.8
    }
    schema.write_text(json.dumps({**total, "required": ["colour_of_the_sky"]}))
    failed = ask("What is 17% of 340?", "--schema", str(schema), "--json")
    assert (failed.code, failed.json["outcome"]) == (5, "failed")
    assert "colour_of_the_sky" in failed.json["reason"]


def test_a_thread_goes_on(ask: Ask) -> None:
    first = ask("What is 17% of 340?", "--json").json
    second = ask("And what is 20% of 50?", "--thread", first["thread_id"], "--json").json
    assert second["thread_id"] == first["thread_id"]
    assert "10" in second["answer"]["text"]


def test_a_secret_in_the_request_is_refused(ask: Ask) -> None:
    asked = ask("My key is AKIAIOSFODNN7EXAMPLE, keep it.", "--json")
    assert (asked.code, asked.json["outcome"]) == (3, "refused")
    assert asked.json["usage"]["model_calls"] == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "--resume"),
        (("a question", "--resume", "x"), "--resume"),
        (("a question", "--approve", "s1"), "--resume"),
        (("a question", "--schema", "/nowhere.json"), "/nowhere.json"),
        (("--resume", "0000-no-such-run"), "Nothing is left to do"),
        (("a question", "--passages", "0"), "passages"),
    ],
)
def test_usage_errors_say_the_way_out(ask: Ask, args: tuple[str, ...], said: str) -> None:
    asked = ask(*args)
    assert asked.code == 2
    assert said in asked.err
    assert asked.out == ""
    assert "Traceback" not in asked.err


@pytest.mark.parametrize(
    ("model", "said"),
    [("nonsense", "offline"), ("http://127.0.0.1:9/v1#m", "127.0.0.1:9"), ("tape:/nowhere.jsonl", "nowhere")],
)
def test_a_model_that_cannot_be_asked_is_a_typed_failure(ask: Ask, model: str, said: str) -> None:
    asked = ask(QUESTION, "--model", model, "--json")
    assert (asked.code, asked.json["outcome"]) == (5, "failed")
    assert said in asked.json["reason"]
    assert "Traceback" not in asked.err


def test_a_killed_run_resumes_without_repeating_what_was_done(ask: Ask, home: Path) -> None:
    plan = {"steps": [{"id": "s1", "tool": "calculate", "args": {"expression": "6*7"}}]}
    answer = {
        "claims": [{"text": "It is 42.", "citations": [{"passage": "s1", "quote": "42"}]}],
        "missing": None,
    }
    asked: list[str] = []
    answering, healthy = threading.Event(), threading.Event()

    def choose(body: Any) -> Behaviour:
        task = "plan" if '"plan"' in str(body["messages"]).split("</task>")[0] else "answer"
        asked.append(task)
        if task == "plan":
            return obeys(json.dumps(plan))
        answering.set()
        return obeys(json.dumps(answer)) if healthy.is_set() else hangs()

    with OpenAIServer(choose=choose) as server:
        command = [BIN / "warrant", "ask", "What is 6*7?", "--thread", "killed", "--model", f"{server.url}#m"]
        process = subprocess.Popen(command, env=environment(home), stderr=subprocess.DEVNULL)
        assert answering.wait(60)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        healthy.set()
        resumed = ask("--resume", "killed", "--json")
    assert resumed.code == 0, resumed.err
    assert resumed.json["answer"]["text"] == "It is 42."
    assert asked == ["plan", "answer", "answer"]
    traces = warrant("trace", "list", "--thread", "killed", "--json", env=environment(home))
    assert len(json.loads(traces.stdout)) == 2
    killed = json.loads(traces.stdout)[-1]["trace_id"]
    shown = warrant("trace", "show", killed, env=environment(home))
    assert shown.returncode == 0
    assert "interrupted" in shown.stdout
    assert "calculate" in shown.stdout


def test_a_stopped_run_says_how_to_go_on(home: Path) -> None:
    asked = threading.Event()

    def hang(_body: Any) -> Behaviour:
        asked.set()
        return hangs()

    with OpenAIServer(choose=hang) as server:
        command = [*LISTENING, BIN / "warrant", "ask", "What?", "--thread", "stopped"]
        command += ["--model", f"{server.url}#m"]
        process = subprocess.Popen(command, env=environment(home), stderr=subprocess.PIPE, text=True)
        assert asked.wait(60)
        process.send_signal(signal.SIGINT)
        try:
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "warrant ask --resume stopped" in said
    assert "Traceback" not in said


def test_a_run_that_takes_too_long_is_stopped_and_can_be_resumed(home: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    given = (PROJECT / "policy.toml").read_text(encoding="utf-8")
    policy.write_text(given.replace("[limits]", "[limits]\nseconds = 1"), encoding="utf-8")
    env = environment(home, WARRANT_POLICY=str(policy))
    with OpenAIServer(hangs()) as server:
        late = Asked(warrant("ask", "What?", "--thread", "late", "--model", f"{server.url}#m", env=env))
    assert late.code == 5
    assert "limits.seconds" in late.err
    assert "warrant ask --resume late" in late.err


def test_checkpoints_that_cannot_be_written_are_reported(tmp_path: Path) -> None:
    (tmp_path / "checkpoints.db").mkdir()
    asked = Asked(warrant("ask", QUESTION, env=environment(tmp_path)))
    assert asked.code == 5
    assert "cannot be kept under WARRANT_HOME" in asked.err
    assert "Traceback" not in asked.err


def test_help_shows_an_example_and_imports_nothing_heavy() -> None:
    shown = warrant("ask", "--help", env=environment(Path("/nowhere")))
    assert "Examples:" in shown.stdout
    heavy = {"langgraph", "chromadb", "langchain_core", "pydantic"}
    command = [BIN / "python", "-c", f"import app.cli, sys; print({heavy} & sys.modules.keys())"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
