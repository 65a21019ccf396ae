"""Nothing that was planted leaves: the whole graph, and everything that it writes to others."""

import asyncio
import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from benchmarks.redaction.texts import Text, planted
from graphs.parts import application
from graphs.redacting import REDACTED
from graphs.run import session
from models.redacted_logs import LOGGERS, redact_logs
from models.redacted_logs import REDACTED as FILTER
from models.sections import parse
from state.agent import Context
from state.settings import settings
from tests.servers.langsmith_server import LangSmithServer, langsmith_server
from tests.servers.openai_server import Behaviour, OpenAIServer, fails, says
from tests.servers.processes import environment, warrant

# The gate lets through what it would refuse, so that everything flows.
POLICY = """
[models]
redact = "all"
fallback = ["offline"]
transport_retries = 0

[traces]
redact = true

[gate.screen]
action = "flag"

[gate.release]
action = "flag"

[tools.search_documents]
effect = "read"
"""
PLANTED = planted(3, 2 * 57)
LEAST = 10
"""Characters of a line of a planted value that is looked for."""


@dataclass(frozen=True)
class World:
    """Where things may leak to."""

    home: Path
    langsmith: LangSmithServer
    log: StringIO

    def stored(self) -> str:
        """The redacted fields of all runs, as the file has them."""
        with closing(sqlite3.connect(self.home / "warrant.db")) as store:
            columns = ", ".join(REDACTED)
            return "\n".join(map(str, store.execute(f"SELECT {columns} FROM runs").fetchall()))

    def sent(self) -> str:
        """What LangSmith was sent."""
        return "\n".join(body.decode("utf-8", "replace") for body in self.langsmith.bodies)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose index holds every planted text."""
    home, notes = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("notes")
    for number, text in enumerate(PLANTED):
        (notes / f"note{number}.md").write_text(f"# Note {number}\n\n{text.text}\n", encoding="utf-8")
    done = warrant("index", "add", str(notes), env=environment(home))
    assert done.returncode == 0, done.stderr
    (home / "policy.toml").write_text(POLICY, encoding="utf-8")
    return home


@pytest.fixture
def world(indexed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with langsmith_server() as server:
        environ = {"WARRANT_HOME": str(indexed), "WARRANT_POLICY": str(indexed / "policy.toml")}
        environ |= {"LANGSMITH_TRACING": "true", "LANGSMITH_ENDPOINT": server.url, "LANGSMITH_API_KEY": "k"}
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        application.cache_clear()
        handler = logging.StreamHandler(StringIO())
        redact_logs(handler)
        root = logging.getLogger()
        root.addHandler(handler)
        yield World(indexed, server, handler.stream)
        root.removeHandler(handler)
        application().store.close()
        settings.cache_clear()
        application.cache_clear()
        for name in LOGGERS:
            logging.getLogger(name).removeFilter(FILTER)


def answers(body: dict[str, Any]) -> Behaviour:
    """A model that searches for what it was asked, and repeats what it reads; or fails with it."""
    sections = parse(str(body["messages"][-1]["content"]))
    request = str(sections["request"])
    if "fail" in request:
        return fails(400, f"cannot read {request}")
    if sections["task"] == "plan":
        step = {"id": "s1", "tool": "search_documents", "args": {"query": request}, "after": [], "why": "x"}
        return says(json.dumps({"steps": [step]}))
    claims = [
        {"text": one["text"], "citations": [{"passage": one["id"], "quote": one["text"]}]}
        for one in sections["evidence"]
    ]
    return says(json.dumps({"claims": claims, "missing": None}))


def ask(model: str, requests: list[str]) -> list[dict[str, Any]]:
    async def go() -> list[dict[str, Any]]:
        async with session() as agent:
            given = Context(model=model, passages=20)
            return [await agent.ask(request, context=given) for request in requests]

    documents = asyncio.run(go())
    assert application().tracer.flush(20)
    return documents


def left(text: str, planted_texts: list[Text]) -> list[tuple[str, str, str]]:
    """The planted values of which a line is there, as it is or as JSON writes it."""
    found = []
    for one in planted_texts:
        lines = [line for line in one.value.split("\n") if len(line) >= LEAST or "\n" not in one.value]
        forms = [form for line in lines for form in (line, json.dumps(line)[1:-1])]
        if at := next((text.index(form) for form in forms if form in text), 0):
            found.append((one.kind, one.value, text[max(0, at - 80) : at + 20]))
    return found


def test_nothing_planted_reaches_a_provider_langsmith_the_store_or_a_log(world: World) -> None:
    requests = [f"What do notes say? {one.text}" for one in PLANTED[::8]]
    requests += [f"Please fail. {one.text}" for one in PLANTED[3::40]]
    with OpenAIServer(choose=answers) as provider:
        documents = ask(f"{provider.url}#m", requests)
        shown = "\n".join(json.dumps(request.body, ensure_ascii=False) for request in provider.requests)
    texts = [str(document["answer"] and document["answer"]["text"]) for document in documents]
    assert len(left("\n".join(texts), PLANTED)) > len(PLANTED) // 4, "the caller gets the values"
    assert "Asking offline instead" in world.log.getvalue()
    assert "_1]" in shown
    for place, text in (
        ("provider", shown),
        ("LangSmith", world.sent()),
        ("store", world.stored()),
        ("log", world.log.getvalue()),
    ):
        assert left(text, PLANTED) == [], place


def test_nothing_planted_leaves_with_the_offline_model(world: World) -> None:
    ask("offline", [f"What do the notes say about this: {one.text}" for one in PLANTED[1::12]])
    for place, text in (
        ("LangSmith", world.sent()),
        ("store", world.stored()),
        ("log", world.log.getvalue()),
    ):
        assert left(text, PLANTED) == [], place
