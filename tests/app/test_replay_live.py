"""`warrant replay` of somebody else's graph, with a named model or tool live over loopback."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from langgraph.graph import START, StateGraph
from pydantic import BaseModel, SecretStr
from typer.testing import CliRunner

from app.cli import cli
from evals.replay.graph import isolated
from evals.replay.recording import recordings
from evals.replay.replaying import Replayed
from evals.replay.replaying import replay as play
from evals.replay.tape import Live, Tape
from graphs.memory import MemorySink
from graphs.tracing import Tracer
from state.errors import UsageError
from state.trace import Run
from tests.evals.replay import shop
from tests.servers.openai_server import Behaviour, OpenAIServer, replies

GRAPH = "tests.evals.replay.shop:agent"
NOWHERE = "http://127.0.0.1:9/v1"


def after(*turns: Behaviour) -> Callable[[dict[str, Any]], Behaviour]:
    """The behaviour of the turn that a conversation is in."""

    def choose(body: dict[str, Any]) -> Behaviour:
        nth = sum(message["role"] == "assistant" for message in body["messages"])
        return turns[nth]

    return choose


def price_of(item: str) -> Behaviour:
    return replies(price={"item": item})


async def record(graph: Any, given: dict[str, Any]) -> list[Run]:
    sink = MemorySink()
    await graph.compile().ainvoke(given, {"callbacks": [Tracer([sink])]})
    return list(sink.runs.values())


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Price of tea, price of milk, an answer: calls 1 to 5."""
    file = tmp_path / "run.jsonl"
    with OpenAIServer(choose=after(price_of("tea"), price_of("milk"), replies("9 EUR"))) as server:
        monkeypatch.setenv(shop.URL, server.url)
        runs = asyncio.run(record(shop.agent(), {"messages": [("user", "Tea and milk?")]}))
    file.write_text("".join(run.model_dump_json() + "\n" for run in runs))
    monkeypatch.setenv(shop.URL, NOWHERE)
    shop.LIVE.clear()
    yield file


def replay(*args: object) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(cli, ["replay", *map(str, args), "--graph", GRAPH, "--json"])
    assert done.exit_code in (0, 1), done.exception
    return done.exit_code, json.loads(done.stdout)["replays"][0]


def test_all_comes_from_the_recording(trace: Path) -> None:
    code, said = replay(trace)
    assert (code, said["answered"], said["live"], shop.LIVE) == (0, 5, 0, {})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_named_model_is_asked_from_a_call_on(trace: Path, host: str) -> None:
    with OpenAIServer(choose=after(price_of("never"), price_of("milk"), replies("It is 9."))) as server:
        name = f"{server.url.replace('127.0.0.1', host)}#other"
        code, said = replay(trace, "--from", 3, "--model", name)
    assert (code, said["answered"], said["live"], said["refused"]) == (0, 3, 2, [])
    assert [request.body["model"] for request in server.requests] == ["other", "other"]
    assert [each["function"]["name"] for each in server.requests[0].body["tools"]] == [
        one.name for one in shop.TOOLS
    ]
    assert not shop.LIVE


@pytest.mark.parametrize("miss", ["fail", "error", "live"])
def test_a_call_that_the_named_model_invents_is_never_answered_from_the_recording(
    trace: Path, miss: str, tmp_path: Path
) -> None:
    out = tmp_path / "new.jsonl"
    turns = after(price_of("never"), price_of("silk"), price_of("milk"), replies("So be it."))
    with OpenAIServer(choose=turns) as server:
        options = ("--from", 3, "--model", f"{server.url}#other", "--on-miss", miss, "--out", out)
        code, said = replay(trace, *options)
    assert (code, said["answered"], said["divergence"]["difference"]) == (1, 2, "argument")
    assert said["divergence"]["number"] == 4
    assert ({"price": 2} if miss == "live" else {}) == shop.LIVE
    assert len(server.requests) == (1 if miss == "fail" else 3)
    assert ("milk: 4 EUR" in out.read_text()) == (miss == "live")


def test_a_named_tool_is_live_from_a_call_on(trace: Path) -> None:
    code, said = replay(trace, "--from", 3, "--tools", "price=live")
    assert (code, said["answered"], said["live"], shop.LIVE) == (0, 4, 1, {"price": 1})
    code, said = replay(trace, "--tools", "stock,rate=live")
    assert (code, said["answered"], said["live"]) == (0, 5, 0)


def test_a_model_that_cannot_be_reached_or_is_unknown_is_said(trace: Path) -> None:
    code, said = replay(trace, "--from", 5, "--model", f"{NOWHERE}#gone")
    assert (code, said["answered"], said["divergence"]["difference"]) == (1, 4, "error")
    done = CliRunner().invoke(cli, ["replay", str(trace), "--graph", GRAPH, "--model", "no name"])
    assert "'no name' is no name of a chat model" in str(done.exception)


@pytest.mark.parametrize(
    ("options", "said"),
    [(("--from", "6", "--tools", "live"), "5 calls were recorded"), (("--from", "3"), "changes nothing")],
)
def test_a_start_that_means_nothing_is_refused(trace: Path, options: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(cli, ["replay", str(trace), "--graph", GRAPH, *options])
    assert isinstance(done.exception, UsageError)
    assert said in str(done.exception)


class Wish(BaseModel):
    """What the model is asked for."""

    thing: str


@pytest.mark.parametrize("method", ["function_calling", "json_schema"])
def test_a_named_model_is_asked_for_the_same_schema(method: Any) -> None:
    def wishing(url: str) -> Any:
        own = ChatOpenAI(model="own", base_url=url, api_key=SecretStr("none"))
        wish = own.with_structured_output(Wish, method=method)
        built: Any = StateGraph
        return built(dict).add_node("wish", lambda _: dict(wish.invoke("Wish."))).add_edge(START, "wish")

    async def again() -> Replayed:
        kept = recordings([await record(wishing(own.url), {})])
        chat = ChatOpenAI(model="other", base_url=other.url, api_key=SecretStr("none"))
        return await play(isolated(wishing(NOWHERE)), kept, Tape(live=Live(models=True)), chat)

    said = replies('{"thing": "tea"}') if method == "json_schema" else replies(Wish={"thing": "tea"})
    with OpenAIServer(said) as own, OpenAIServer(said) as other:
        found = asyncio.run(again())
    assert (found.divergence, found.live) == (None, 1)
    first, second = own.requests[0].body, other.requests[0].body
    for field in ("messages", "tools", "tool_choice", "response_format"):
        assert first.get(field) == second.get(field)
