"""The real `langchain-openai` client against a server that does what a script says."""

import asyncio
import socket
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from blockbuster import blockbuster_ctx
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI
from langgraph.graph import END, START, StateGraph
from pydantic import SecretStr

from models.chat import Chat, ModelError, Prompt, Reply, TransientModelError
from models.failure import Origin
from models.names import chat
from models.prices import prices
from models.provider import ProviderChat
from models.sections import parse, render
from models.strategy import Strategy
from models.wire import client
from state.models_policy import ModelsPolicy
from state.settings import Settings
from tests.servers.openai_server import (
    Behaviour,
    OpenAIServer,
    calls,
    drips,
    fails,
    floods,
    floods_line,
    hangs,
    obeys,
    refuses,
    rejects,
    resets,
    says,
    sends,
    streams,
)

SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
PROMPT = Prompt("answer", (SystemMessage("Be brief."), HumanMessage(render({"task": "answer"}))), SCHEMA)
JSON = '{"text": "ok"}'
OK = says(JSON)
ONCE = ModelsPolicy(transport_retries=0)


def named(server: OpenAIServer, policy: ModelsPolicy | None = None) -> Chat:
    return chat(f"{server.url}#any", policy or ModelsPolicy(), Settings())


def leaf(server: OpenAIServer, strategies: tuple[Strategy, ...] | None = None) -> ProviderChat:
    """A leaf around a model of which only its class is known."""

    def build() -> BaseChatModel:
        return ChatOpenAI(
            model="any",
            base_url=server.url,
            api_key=SecretStr("none"),
            max_retries=0,
            http_async_client=client(1_000_000),
        )

    return ProviderChat(Origin("any", "Set it.", "Look.", server.url), build, ModelsPolicy(), strategies)


def ask(chosen: Chat, prompt: Prompt = PROMPT) -> Reply:
    return asyncio.run(chosen.reply(prompt))


def failing(chosen: Chat) -> ModelError:
    with pytest.raises(ModelError) as caught:
        ask(chosen)
    return caught.value


@pytest.mark.parametrize("strategy", ["native", "tool", "prompted"])
def test_each_strategy_gets_the_value_tokens_and_its_name(strategy: Strategy) -> None:
    with OpenAIServer(obeys(JSON)) as server:
        reply = ask(leaf(server, (strategy,)))
    assert (reply.value, reply.violations, reply.strategy, reply.model) == (
        {"text": "ok"},
        (),
        strategy,
        "any",
    )
    assert reply.text == JSON
    assert [request.strategy for request in server.requests] == [strategy]
    assert server.requests[0].body["stream"] is True


@pytest.mark.parametrize("strategy", ["native", "tool"])
def test_the_schema_reaches_the_provider_whole(strategy: Strategy) -> None:
    schema = {**SCHEMA, "$defs": {"x": {"type": "array", "items": {"$ref": "#/$defs/x"}}}}
    with OpenAIServer(obeys(JSON)) as server:
        ask(leaf(server, (strategy,)), Prompt("answer", PROMPT.messages, schema))
    body = server.requests[0].body
    if strategy == "native":
        sent = body["response_format"]["json_schema"]
        assert (sent["name"], sent["schema"]) == ("answer", schema)
    else:
        sent = body["tools"][0]["function"]
        assert (sent["name"], sent["parameters"]) == ("answer", schema)
        assert body["tool_choice"]["function"]["name"] == "answer"


def test_a_prompted_model_gets_the_schema_as_a_section_of_the_last_message() -> None:
    with OpenAIServer(OK) as server:
        ask(leaf(server, ("prompted",)))
    assert parse(server.requests[0].text) == {"task": "answer", "reply_schema": SCHEMA}
    assert server.requests[0].text.startswith(str(PROMPT.messages[-1].text))


def test_a_server_by_url_gets_the_schema_twice_since_some_ignore_response_format() -> None:
    with OpenAIServer(OK) as server:
        reply = ask(named(server))
    assert "response_format" in server.requests[0].body
    assert parse(server.requests[0].text)["reply_schema"] == SCHEMA
    assert (reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.estimated) == (11, 7, False)
    assert reply.usage.cost_usd is None


def test_a_schema_that_is_no_object_is_prompted() -> None:
    with OpenAIServer(says("[1]")) as server:
        reply = ask(leaf(server), Prompt("list", PROMPT.messages, {"type": "array"}))
    assert (reply.value, reply.strategy) == ([1], "prompted")


def test_a_rejected_strategy_is_followed_by_the_next_and_remembered() -> None:
    with OpenAIServer(rejects("response_format", "tools", otherwise=OK)) as server:
        chosen = leaf(server)
        first, second = ask(chosen), ask(chosen)
    assert [request.strategy for request in server.requests] == ["native", "tool", "prompted", "prompted"]
    assert (first.usage.model_calls, second.usage.model_calls) == (3, 1)


def test_a_500_about_response_format_is_a_rejection() -> None:
    with OpenAIServer(fails(500, "response_format type must be text"), OK) as server:
        assert ask(named(server)).strategy == "prompted"


def test_a_request_that_is_bad_in_every_way_is_not_remembered() -> None:
    with OpenAIServer(fails(400), fails(400), OK) as server:
        chosen = named(server)
        error = failing(chosen)
        assert ask(chosen).strategy == "native"
    assert error.usage.model_calls == 2
    assert "rejected the request (400): as the script says" in str(error)


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (says("Sorry, but no."), "not JSON"),
        (says('{"text": 3}'), "3 is not of type 'string'"),
        (says(""), "empty"),
        (refuses("I will not."), "the model refused: 'I will not.'"),
        (says(JSON[:-3]), "cut off"),
        (says(JSON, finish="length"), "limit of output tokens"),
        (calls(JSON, JSON), "2 tool calls"),
        (calls('{"text": "o'), "cut off"),
    ],
)
def test_a_bad_reply_is_one_call_and_a_violation(behaviour: Behaviour, said: str) -> None:
    with OpenAIServer(behaviour) as server:
        reply = ask(named(server))
    assert said in reply.violations[0].message
    assert (len(server.requests), reply.usage.model_calls) == (1, 1)


def test_tokens_that_a_server_does_not_report_are_estimated_and_marked() -> None:
    with OpenAIServer(says(JSON, usage=None)) as server:
        usage = ask(named(server)).usage
    assert usage.estimated
    assert usage.output_tokens == -(-len(JSON) // 4)
    assert usage.input_tokens > len(str(SCHEMA)) / 4


@pytest.mark.parametrize("how", ["Retry-After", "retry-after-ms"])
def test_429_is_waited_for_as_long_as_the_server_says(how: str) -> None:
    header = {"Retry-After": "0.3", "retry-after-ms": "300"}[how]
    with OpenAIServer(fails(429, **{how: header}), OK) as server:
        reply = ask(named(server))
    first, second = server.requests
    assert 0.3 <= second.at - first.at < 2
    assert (reply.value, reply.usage.model_calls) == ({"text": "ok"}, 2)


def test_retry_after_may_be_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    with OpenAIServer(fails(429, Retry_After=date)) as server:
        error = failing(named(server))
    assert "asks to wait 8" in str(error)
    assert len(server.requests) == 1


def test_a_longer_wait_than_the_bound_is_not_waited() -> None:
    with OpenAIServer(fails(429, Retry_After="3600")) as server:
        error = failing(named(server))
    assert "asks to wait 3600 s, and at most 30 s are waited" in str(error)


def test_500_twice_then_a_reply() -> None:
    with OpenAIServer(fails(500), fails(503), OK) as server:
        reply = ask(named(server))
    assert (reply.value, reply.usage.model_calls) == ({"text": "ok"}, 3)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_passing_failures_are_transient(status: int) -> None:
    with OpenAIServer(fails(status)) as server:
        error = failing(named(server, ONCE))
    assert isinstance(error, TransientModelError)
    assert f"({status})" in str(error)


@pytest.mark.parametrize(
    ("status", "way_out"),
    [
        (401, "Set WARRANT_API_KEY."),
        (403, "Set WARRANT_API_KEY."),
        (404, "/models lists"),
        (422, "Correct the request"),
    ],
)
def test_lasting_failures_are_not_repeated_and_name_the_way_out(status: int, way_out: str) -> None:
    with OpenAIServer(fails(status)) as server:
        error = failing(named(server))
    assert not isinstance(error, TransientModelError)
    assert way_out in str(error)
    assert len(server.requests) == (2 if status == 422 else 1)


def test_a_quota_that_is_used_up_is_not_waited_for() -> None:
    with OpenAIServer(fails(429, "insufficient_quota: pay first")) as server:
        failing(named(server))
    assert len(server.requests) == 1


def test_nothing_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = failing(chat(f"http://127.0.0.1:{port}/v1#any", ONCE, Settings()))
    assert f"Nothing answers at http://127.0.0.1:{port}/v1. Start the server" in str(error)


@pytest.mark.parametrize("behaviour", [hangs(), hangs('{"text":'), drips(0.02, "")])
def test_silence_is_a_timeout_and_the_connection_is_closed(behaviour: Behaviour) -> None:
    policy = ModelsPolicy(timeout_seconds=0.2, reply_seconds=0.5, transport_retries=0)
    with OpenAIServer(behaviour) as server:
        start = time.monotonic()
        error = failing(named(server, policy))
        assert time.monotonic() - start < 5
    assert isinstance(error, TransientModelError)
    assert "_seconds in policy.toml" in str(error)
    assert error.usage.model_calls == 1


def test_a_model_that_drips_for_ever_is_stopped() -> None:
    policy = ModelsPolicy(timeout_seconds=0.4, reply_seconds=0.5, transport_retries=0)
    with OpenAIServer(drips(0.02)) as server:
        error = failing(named(server, policy))
        assert server.wait_for_hangup()
    assert "was not done after 0.5 s. Raise models.reply_seconds" in str(error)
    assert error.usage.output_tokens > 0


@pytest.mark.parametrize("said", [(), ('{"text": "h',)])
def test_a_lost_connection_is_tried_again(said: tuple[str, ...]) -> None:
    with OpenAIServer(resets(*said), OK) as server:
        reply = ask(named(server))
    assert (reply.value, reply.usage.model_calls) == ({"text": "ok"}, 2)


@pytest.mark.parametrize(
    "behaviour",
    [
        streams('{"broken'),
        streams("[1]"),
        streams('{"choices": [{"delta": null}]}'),
        streams('{"choices": "none"}'),
        sends("<html>Welcome</html>"),
        sends(JSON, "application/json"),
        sends("", "text/event-stream"),
    ],
)
def test_garbage_is_an_error_that_names_the_server(behaviour: Behaviour) -> None:
    with OpenAIServer(behaviour) as server:
        error = failing(named(server))
    assert not isinstance(error, TransientModelError)
    assert f"Check that {server.url} answers with a stream" in str(error)


def test_an_error_inside_a_stream_has_its_status() -> None:
    with OpenAIServer(streams('{"error": {"message": "out of memory", "code": 503}}')) as server:
        error = failing(named(server, ONCE))
    assert isinstance(error, TransientModelError)
    assert "(503): out of memory" in str(error)


@pytest.mark.parametrize(
    "behaviour", [floods(10_000_000), floods(-1), floods_line(10_000_000), floods_line(-1)]
)
def test_a_reply_of_any_size_is_cut_off_in_bounded_memory(behaviour: Behaviour) -> None:
    with OpenAIServer(OK) as server:
        ask(named(server))
    with OpenAIServer(behaviour) as server:
        chosen = named(server, ModelsPolicy(max_reply_bytes=100_000))
        tracemalloc.start()
        reply = ask(chosen)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert server.wait_for_hangup()
    assert "longer than 100000 bytes" in reply.violations[0].message
    assert len(reply.text) <= 100_000
    assert peak < 20_000_000
    assert reply.usage.model_calls == 1


def test_cancelling_closes_the_connection_and_asks_nobody_else() -> None:
    async def cancel(first: OpenAIServer, second: OpenAIServer) -> None:
        policy = ModelsPolicy(fallback=(f"{second.url}#any",))
        task = asyncio.create_task(named(first, policy).reply(PROMPT))
        assert await asyncio.to_thread(first.wait_for_request)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with OpenAIServer(drips(0.02)) as first, OpenAIServer(OK) as second:
        asyncio.run(cancel(first, second))
        assert first.wait_for_hangup()
    assert not second.requests


def test_one_chat_serves_one_event_loop_after_another_and_calls_at_once() -> None:
    async def several(chosen: Chat) -> list[Reply]:
        return await asyncio.gather(*[chosen.reply(PROMPT) for _ in range(5)])

    with OpenAIServer(OK) as server:
        chosen = named(server)
        replies = [asyncio.run(several(chosen)) for _ in range(2)]
    assert all(reply.value == {"text": "ok"} for batch in replies for reply in batch)


def test_a_key_for_openai_does_not_go_to_another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    with OpenAIServer(OK) as server:
        ask(chat(f"{server.url}#any", ModelsPolicy(), Settings()))
        ask(chat(f"{server.url}#any", ModelsPolicy(), Settings(api_key=SecretStr("mine"))))
    sent = [request.headers["authorization"] for request in server.requests]
    assert sent == ["Bearer none", "Bearer mine"]


def test_nothing_blocks_the_event_loop() -> None:
    async def guarded(chosen: Chat) -> Reply:
        with blockbuster_ctx():
            return await chosen.reply(PROMPT)

    prices.cache_clear()
    with OpenAIServer(OK) as server:
        assert asyncio.run(guarded(named(server))).value == {"text": "ok"}


def test_a_model_without_structured_output_is_prompted() -> None:
    def build() -> BaseChatModel:
        return GenericFakeChatModel(messages=iter([AIMessage(JSON)]))

    reply = ask(ProviderChat(Origin("fake", "", "", "here"), build, ModelsPolicy(), free=True))
    assert (reply.value, reply.strategy, reply.usage.cost_usd) == ({"text": "ok"}, "prompted", 0.0)


def test_a_model_that_cannot_be_built_says_so() -> None:
    def build() -> BaseChatModel:
        raise RuntimeError("no weights")

    error = failing(ProviderChat(Origin("fake", "Set it.", "", "here"), build, ModelsPolicy()))
    assert str(error) == "fake cannot be used: no weights Set it."


class Listener(BaseCallbackHandler):
    def __init__(self) -> None:
        self.started: list[dict[str, Any]] = []

    def on_chat_model_start(self, serialized: Any, messages: Any, **details: Any) -> None:
        self.started.append(details)


def test_a_call_is_traced_below_the_run_that_made_it() -> None:
    listener = Listener()

    async def node(_state: object) -> Reply:
        return await chosen.reply(PROMPT)

    with OpenAIServer(OK) as server:
        chosen = named(server)
        asyncio.run(RunnableLambda(node).ainvoke({}, config={"callbacks": [listener]}))
    (call,) = listener.started
    assert call["parent_run_id"] is not None
    assert call["metadata"]["task"] == "answer"


def test_unverified_text_never_reaches_a_stream_of_messages() -> None:
    async def node(_state: dict[str, Any]) -> dict[str, Any]:
        await chosen.reply(PROMPT)
        return {}

    async def stream() -> list[Any]:
        graph = StateGraph(dict)
        graph.add_node("node", node)
        graph.add_edge(START, "node")
        graph.add_edge("node", END)
        return [part async for part in graph.compile().astream({"x": 1}, stream_mode="messages")]

    with OpenAIServer(OK) as server:
        chosen = named(server)
        assert asyncio.run(stream()) == []
    assert server.requests


def test_behaviour_of_the_test_server_can_be_chosen_by_request() -> None:
    def choose(body: dict[str, Any]) -> Behaviour:
        return calls(JSON) if body.get("tools") else says("[]")

    choice: Callable[[dict[str, Any]], Behaviour] = choose
    with OpenAIServer(choose=choice) as server:
        assert ask(leaf(server, ("tool",))).value == {"text": "ok"}
