"""Throttle, breaker, retry and fallback together, against a real server that speaks OpenAI's protocol."""

import asyncio
import threading
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableLambda

from models.breaker import Breaker, Breaking, is_outage
from models.chat import Chat, NotSentError, Prompt, Reply
from models.limiter import Limiter
from models.names import chat
from models.throttle import Throttle, estimate
from state.models_policy import ModelsPolicy, ProviderLimits
from state.settings import Settings
from state.usage import Usage
from tests.models.scripted import PROMPT, Scripted, busy
from tests.servers.openai_server import Behaviour, Body, Exchange, OpenAIServer, fails, says

SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
OK = says('{"text": "ok"}')
CALLS = 20


def key(server: OpenAIServer) -> str:
    return server.url.removeprefix("http://").removesuffix("/v1")


def named(server: OpenAIServer, *fallback: OpenAIServer, retries: int = 2, **limits: Any) -> Chat:
    policy = ModelsPolicy(
        limits={key(server): ProviderLimits(**limits)},
        fallback=tuple(f"{each.url}#b" for each in fallback),
        transport_retries=retries,
        redact="off",  # pseudonyms are put in by threads, which overtake each other
    )
    return chat(f"{server.url}#a", policy, Settings())


def asking(number: int) -> Prompt:
    return Prompt("answer", (HumanMessage(f"question {number}"),), SCHEMA)


async def crowd(model: Chat, calls: int = CALLS) -> list[Reply | BaseException]:
    return await asyncio.gather(
        *(model.reply(asking(number)) for number in range(calls)), return_exceptions=True
    )


def numbers(server: OpenAIServer) -> list[int]:
    return [int(request.text.split("\n")[0].removeprefix("question ")) for request in server.requests]


class Busy:
    """Answers, and remembers how many requests it had at once; each waits until so many have come."""

    def __init__(self, together: int) -> None:
        self.most, self._now, self._lock = 0, 0, threading.Lock()
        self._together = threading.Barrier(together)

    def __call__(self, exchange: Exchange) -> None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        self._together.wait(20)
        with self._lock:
            self._now -= 1
        OK(exchange)


def test_twenty_calls_keep_their_order_and_all_wait_as_long_as_the_server_asked_one_of_them() -> None:
    with OpenAIServer(fails(429, retry_after="1"), OK) as server:
        replies = asyncio.run(crowd(named(server, concurrency=1)))
    assert all(isinstance(reply, Reply) for reply in replies), replies
    assert numbers(server) == [*range(CALLS), 0], "first come, first served; the one that was limited again"
    first, second = (request.at for request in server.requests[:2])
    assert second - first >= 1


def test_no_more_requests_are_under_way_than_the_policy_says() -> None:
    busy_server = Busy(together=4)
    with OpenAIServer(busy_server) as server:
        replies = asyncio.run(crowd(named(server, concurrency=4)))
    assert all(isinstance(reply, Reply) for reply in replies), replies
    assert (busy_server.most, len(server.requests)) == (4, CALLS)


def test_a_server_that_limits_again_and_again_starves_nobody() -> None:
    turns = iter(range(1000))
    limited = fails(429, retry_after_ms="20")

    def every_third_is_limited(_body: Body) -> Behaviour:
        return limited if next(turns) % 3 == 2 else OK

    with OpenAIServer(choose=every_third_is_limited) as server:
        replies = asyncio.run(crowd(named(server, concurrency=2, retries=10)))
    assert all(isinstance(reply, Reply) for reply in replies), replies
    spent = sum(reply.usage.model_calls for reply in replies if isinstance(reply, Reply))
    assert spent == len(server.requests) == CALLS + (len(server.requests) // 3)


def test_a_full_queue_refuses_at_once_and_the_fallback_answers() -> None:
    with OpenAIServer(OK) as server, OpenAIServer(OK) as second:
        model = named(server, second, concurrency=2, queue=5)
        replies = asyncio.run(crowd(model))
    answered = [reply.model for reply in replies if isinstance(reply, Reply)]
    assert answered == [f"{server.url}#a"] * 7 + [f"{second.url}#b"] * 13
    assert (len(server.requests), len(second.requests)) == (7, 13)


def test_a_full_queue_without_a_fallback_is_a_typed_error_with_the_way_out() -> None:
    with OpenAIServer(OK) as server:
        replies = asyncio.run(crowd(named(server, concurrency=1, queue=0)))
    refused = [reply for reply in replies if isinstance(reply, NotSentError)]
    assert len(refused) == CALLS - len(server.requests) == CALLS - 1
    assert f'Raise models.limits."{key(server)}".queue (now 0) or name a fallback' in str(refused[0])


def test_a_dead_server_is_left_alone_by_all_and_the_fallback_answers_at_once() -> None:
    with OpenAIServer(fails(500)) as dead, OpenAIServer(OK) as second:
        model = named(dead, second, concurrency=1, failures=3, retries=0, cooldown_seconds=3600)
        replies = asyncio.run(crowd(model))
        again = asyncio.run(crowd(model, 5))
    assert {reply.model for reply in (*replies, *again) if isinstance(reply, Reply)} == {f"{second.url}#b"}
    assert all(isinstance(reply, Reply) for reply in (*replies, *again)), (replies, again)
    assert (len(dead.requests), len(second.requests)) == (3, CALLS + 5)


def test_two_models_of_one_provider_share_its_limits_unless_one_has_its_own() -> None:
    with OpenAIServer(OK) as server:
        own = ProviderLimits(requests_per_minute=1, queue_seconds=1)
        shared = ProviderLimits(requests_per_minute=2, queue_seconds=1)
        policy = ModelsPolicy(limits={key(server): shared, f"{server.url}#own": own})

        def ask(model: str) -> str:
            try:
                return asyncio.run(chat(f"{server.url}#{model}", policy, Settings()).reply(PROMPT)).model
            except NotSentError as error:
                return str(error)

        assert [ask(model).rpartition("#")[2] for model in ("a", "b", "own")] == ["a", "b", "own"]
        for model, name in (("a", key(server)), ("own", f"{server.url}#own")):
            assert f'models.limits."{name}".queue_seconds' in ask(model)
    assert len(server.requests) == 3


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_breaker_opens_probes_once_and_closes() -> None:
    probing, release = threading.Event(), threading.Event()

    def probe(exchange: Exchange) -> None:
        probing.set()
        release.wait(20)
        OK(exchange)

    async def during_the_probe(model: Chat) -> list[Reply | BaseException]:
        first = asyncio.create_task(model.reply(asking(0)))
        await asyncio.to_thread(probing.wait, 20)
        others = await crowd(model, 5)
        release.set()
        return [await first, *others]

    clock = Clock()
    with OpenAIServer(fails(500), fails(503), probe, OK) as server:
        breaker = Breaker("it", 2, 30, is_outage, clock)
        leaf = chat(f"{server.url}#a", ModelsPolicy(), Settings()).chat.chat.chat  # type: ignore[attr-defined]
        model = Breaking(leaf, breaker)

        def kinds(calls: int) -> list[str]:
            return [type(each).__name__ for each in asyncio.run(crowd(model, calls))]

        for _ in range(2):
            kinds(1)
        assert (breaker.state, kinds(5), len(server.requests)) == ("open", ["NotSentError"] * 5, 2)
        clock.now = 30
        reply, *others = asyncio.run(during_the_probe(model))
        assert isinstance(reply, Reply)
        assert all(isinstance(each, NotSentError) for each in others)
        assert (breaker.state, len(server.requests)) == ("closed", 3)
        assert kinds(5) == ["Reply"] * 5


def test_those_who_wait_when_the_provider_goes_down_are_not_sent_and_count_against_no_limit() -> None:
    leaf = Scripted([busy(), busy()])
    limiter = Limiter("it", ProviderLimits(requests_per_minute=3, concurrency=1), Clock())
    model = Throttle(Breaking(leaf, Breaker("it", 2, 30, is_outage, Clock())), limiter)
    replies = asyncio.run(crowd(model, 10))
    assert leaf.asked == 2
    assert [type(each).__name__ for each in replies] == ["TransientModelError"] * 2 + ["NotSentError"] * 8
    left = asyncio.run(crowd(Throttle(Scripted(), limiter), 1))
    assert isinstance(left[0], Reply), "one of the three requests is left"


def test_what_the_server_counted_replaces_the_estimate() -> None:
    prompt = Prompt("answer", (HumanMessage("x" * 396),), {})
    assert estimate(prompt) == 100
    spends = says('{"text": "ok"}', usage=(10, 15))
    with OpenAIServer(spends) as server:
        model = named(server, tokens_per_minute=125, queue_seconds=1)
        assert isinstance(asyncio.run(model.reply(prompt)), Reply)
        assert isinstance(asyncio.run(model.reply(prompt)), Reply), "25 and 100 fit into 125"
        with pytest.raises(NotSentError):
            asyncio.run(model.reply(Prompt("answer", (HumanMessage("x" * 400),), {})))


class Names(AsyncCallbackHandler):
    def __init__(self) -> None:
        self.started: list[tuple[str, Any]] = []

    async def on_chain_start(self, serialized: Any, inputs: Any, **details: Any) -> None:
        self.started.append((details["name"], inputs))


def test_a_wait_is_a_run_of_its_own_and_no_wait_is_none() -> None:
    names = Names()
    limiter = Limiter("it", ProviderLimits(concurrency=1))

    async def node(_given: object) -> None:
        await crowd(Throttle(Scripted(), limiter), 1)
        holder = limiter.enter(0)
        waiting = asyncio.create_task(Throttle(Scripted(), limiter).reply(PROMPT))
        await asyncio.sleep(0)  # it begins, up to its wait
        limiter.leave(holder, Usage())
        await waiting

    asyncio.run(RunnableLambda(node, name="node").ainvoke({}, {"callbacks": [names]}))
    assert names.started == [("node", {}), ("queue", {"provider": "it", "waiting": 1})]
