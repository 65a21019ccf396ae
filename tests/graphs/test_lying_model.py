"""A model that lies, over real HTTP: whatever it does, at most 1 + N calls, and the right outcome."""

import json
from collections import Counter
from collections.abc import Callable
from itertools import cycle
from typing import Any

import pytest

from models.names import chat
from state.models_policy import ModelsPolicy
from state.settings import Settings
from tests.fakes import parts
from tests.graphs.test_wiring import GOOD, SEARCH, Adder, claim, draft, run, searching, step
from tests.servers.openai_server import Behaviour, OpenAIServer, calls, floods, obeys, refuses, says, streams

RETRIES = 2
POLICY = ModelsPolicy(timeout_seconds=5, transport_retries=0, max_reply_bytes=200_000)

REFUSALS = {
    "refusal": "I cannot help with that.",
    "refusal in prose": "I'm sorry, but I can't assist with that.",
}
LIES: dict[str, Callable[[str], Behaviour]] = {
    "plain text": lambda _: says("Sure! I will gladly do that for you."),
    "truncated": lambda good: says(good[: len(good) // 2]),
    "cut off by length": lambda good: says(good[:-3], finish="length"),
    "refusal": lambda _: refuses(REFUSALS["refusal"]),
    "refusal in prose": lambda _: says(REFUSALS["refusal in prose"]),
    "list instead of object": lambda good: says(f"[{good}]"),
    "number": lambda _: says("42"),
    "null": lambda _: says("null"),
    "empty": lambda _: says(""),
    "white space": lambda _: says(" \n\t " * 50),
    "10 MB": lambda _: floods(10_000_000),
    "unknown field": lambda good: says(json.dumps({**json.loads(good), "also": 1})),
    "missing field": lambda _: says("{}"),
    "NaN": lambda good: says(good[:-1] + ', "x": NaN}'),
    "deeply nested": lambda _: says("[" * 60_000),
    "tool call that nobody offered": lambda _: calls('{"a": 1}', name="delete_all"),
    "fenced but broken": lambda good: says(f"```json\n{good[:-4]}\n```"),
}
UNWRAPPED: dict[str, Callable[[str], Behaviour]] = {
    "honest": obeys,
    "fenced": lambda good: says(f"```json\n{good}\n```"),
    "something else behind it": lambda good: says(good + "\n" + json.dumps({"steps": 3, "claims": 4})),
    "prose around it": lambda good: says(f"Here you are:\n```json\n{good}\n```\nAnything else?"),
}
FALSE: dict[str, tuple[dict[str, Any], str]] = {
    "forbidden tool": ({"steps": [step("s1", "delete_all")]}, "plan"),
    "bad argument": ({"steps": [step("s1", "add", value="many")]}, "plan"),
    "dangling reference": ({"steps": [step("s1", "add", value={"$ref": "s9#/total"})]}, "plan"),
    "cycle": ({"steps": [step("s1", "add", ("s2",), value=1), step("s2", "add", ("s1",), value=1)]}, "plan"),
    "a hundred steps": ({"steps": [step(f"s{n}", "add", value=n) for n in range(100)]}, "plan"),
    "made-up quote": (draft(claim("It is free.", "free of charge")), "answer"),
    "made-up source": (draft(claim("It is free.", "30 days", "p99")), "answer"),
    "made-up number": (draft(claim("You have 99 days.", "30 days")), "answer"),
    "no citation": (draft({"text": "Trust me.", "citations": []}), "answer"),
}


def ask(at: str, *replies: Behaviour) -> tuple[dict[str, Any], Counter[str], Adder]:
    """Run with a model that is honest except in one task; count its calls by task."""
    honest = {"plan": obeys(json.dumps(SEARCH)), "answer": obeys(json.dumps(GOOD))}
    script, asked = list(replies), Counter[str]()

    def choose(body: Any) -> Behaviour:
        text = str(body["messages"])
        task = "plan" if '"plan"' in text.split("</task>", maxsplit=1)[0] else "answer"
        asked[task] += 1
        if task != at:
            return honest[task]
        return script.pop(0) if len(script) > 1 else script[0]

    adder = Adder()
    with OpenAIServer(choose=choose) as server:
        model = chat(f"{server.url}#liar", POLICY, Settings())
        made = parts(model, [adder.tool, searching()], plan_retries=RETRIES, answer_retries=RETRIES)  # type: ignore[arg-type]
        return run(made), asked, adder


GOODS = {"plan": json.dumps(SEARCH), "answer": json.dumps(GOOD)}


@pytest.mark.parametrize("at", ["plan", "answer"])
@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_a_typed_failure_or_a_refusal_after_one_and_n_calls(lie: str, at: str) -> None:
    end, asked, adder = ask(at, LIES[lie](GOODS[at]))
    assert end["outcome"] == ("refused" if lie in REFUSALS else "failed")
    assert asked[at] == 1 + RETRIES
    attempts = [attempt for attempt in end["attempts"] if attempt["at"] == at]
    assert len(attempts) == 1 + RETRIES
    assert all(attempt["violations"] for attempt in attempts)
    assert REFUSALS.get(lie, f"after {1 + RETRIES} model calls") in end["reason"]
    assert adder.calls == []


@pytest.mark.parametrize(("lie", "at"), list(zip(LIES, cycle(["plan", "answer"]), strict=False)))
def test_a_model_that_comes_to_its_senses_answers(lie: str, at: str) -> None:
    end, asked, _ = ask(at, LIES[lie](GOODS[at]), obeys(GOODS[at]))
    assert end["outcome"] == "answered"
    assert asked[at] == 2


@pytest.mark.parametrize("at", ["plan", "answer"])
@pytest.mark.parametrize("kind", UNWRAPPED)
def test_json_is_unwrapped(kind: str, at: str) -> None:
    end, asked, _ = ask(at, UNWRAPPED[kind](GOODS[at]))
    assert (end["outcome"], asked[at]) == ("answered", 1)
    assert end["answer"]["claims"]


@pytest.mark.parametrize("kind", FALSE)
def test_what_is_valid_json_but_false_never_passes(kind: str) -> None:
    value, at = FALSE[kind]
    end, asked, adder = ask(at, obeys(json.dumps(value)))
    assert asked[at] == 1 + RETRIES
    assert adder.calls == []
    if at == "plan":
        assert end["outcome"] == "failed"
    else:
        assert end["answer"]["claims"] == []
        assert end["answer"]["text"].startswith("I cannot answer")


def test_a_broken_stream_ends_the_run_with_its_reason() -> None:
    end, asked, _ = ask("plan", streams("{broken"))
    assert end["outcome"] == "failed"
    assert asked["plan"] <= 1 + RETRIES
    assert end["reason"]
