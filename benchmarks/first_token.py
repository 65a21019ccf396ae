"""The delay that the gate adds to the first piece of text that leaves, with models that answer at once.

    python -m benchmarks.first_token --runs 200

`words`: the words of an answer that are all there at once, with and without `guarded` around them: what the
gate itself takes. `langchain`: the same words out of LangChain's fake model, whose stream takes its own time
for each word, and the hold-back waits for some of them. `graph`: our graph from the request to the first text
of the released answer, with the default gate and with one that lets everything through. Both ways take turns,
run by run, so that a change of the machine's speed hits them alike; the added delay is the difference in a
pair.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage

from benchmarks.overhead import QUESTION, instant_parts
from graphs.gate import guard_of, judge
from graphs.parts import gating
from graphs.wiring import Parts, wire
from models.gate.streaming import UNGUARDED, Guard, guarded
from nodes.release import STREAMED
from state.agent import Context
from state.policy import Policy
from state.settings import Settings

ANSWER = (
    "Customers may return a product within 30 days of delivery. Shipping back costs 4.90 EUR, unless it "
    "was damaged, and opened tea cannot be refunded. The money is paid back within five working days. "
) * 5
First = Callable[[], Awaitable[float]]
"""Milliseconds until the first piece of text."""


async def _first(texts: AsyncGenerator[str, None]) -> float:
    started = time.perf_counter()
    async with aclosing(texts):
        async for text in texts:
            if text:
                break
        return (time.perf_counter() - started) * 1000


Texts = Callable[[], AsyncGenerator[str, None]]


async def words() -> AsyncGenerator[str, None]:
    """An answer that is there at once."""
    for word in ANSWER.split(" "):
        yield f"{word} "


async def langchain() -> AsyncGenerator[str, None]:
    """The same out of a model."""
    model = GenericFakeChatModel(messages=iter([AIMessage(ANSWER)]))
    async for chunk in model.astream("Hello."):
        yield str(chunk.text)


def streaming(texts: Texts, by: Guard | None = None) -> First:
    """A stream, guarded or not."""
    return lambda: _first(guarded(texts(), by) if by else texts())


def running(parts: Parts) -> First:
    """A whole turn of the graph."""
    graph = wire(parts).compile()

    async def texts() -> AsyncGenerator[str, None]:
        given: Any = {"messages": [HumanMessage(QUESTION)]}
        async for event in graph.astream(given, context=Context(), stream_mode="custom"):
            if event.get("event") == STREAMED:
                yield event["delta"]

    return lambda: _first(texts())


async def _paired(without: First, with_gate: First, runs: int, warm_up: int = 10) -> dict[str, float]:
    pairs = [(await without(), await with_gate()) for _ in range(runs + warm_up)][warm_up:]
    added = [gated - plain for plain, gated in pairs]
    plain, gated = (statistics.median(times) for times in zip(*pairs, strict=True))
    return {
        "without, p50 ms": round(plain, 2),
        "with, p50 ms": round(gated, 2),
        "ratio of p50": round(gated / plain, 2),
        "added, p50 ms": round(statistics.median(added), 2),
        "added, p95 ms": round(statistics.quantiles(added, n=20)[-1], 2),
    }


async def measure(runs: int) -> dict[str, Any]:
    """The delay of both, in pairs."""
    judgings = gating(Settings(), Policy())
    open_ = instant_parts()
    gated = replace(open_, judge=judge(judgings), guard=guard_of(judgings))
    return {
        "runs": runs,
        **{
            source.__name__: await _paired(streaming(source), streaming(source, guard_of(judgings)), runs)
            for source in (words, langchain)
        },
        "graph": await _paired(running(replace(open_, guard=UNGUARDED)), running(gated), runs),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=200, help="counted pairs")
    print(json.dumps(asyncio.run(measure(parser.parse_args().runs)), indent=2))


if __name__ == "__main__":
    main()
