import asyncio
import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from models.offline.model import INTRODUCTION, NAME, OfflineChat
from models.sections import render
from state.draft import Draft
from state.plan import Plan

NOTHING = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
SEARCH = {
    "name": "search_documents",
    "description": "Searches the documents.",
    "effect": "read",
    "retrieves": True,
    "input_schema": {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
    "output_schema": {},
}


def prompt(**sections: Any) -> list[Any]:
    return [SystemMessage("Rules."), HumanMessage("Earlier."), AIMessage("…"), HumanMessage(render(sections))]


def test_replies_to_a_plan_prompt_with_a_plan() -> None:
    message = OfflineChat().invoke(prompt(task="plan", request="What is the warranty?", tools=[SEARCH]))
    plan = Plan.model_validate_json(str(message.content))
    assert [step.args for step in plan.steps] == [{"query": "What is the warranty?"}]
    assert message.usage_metadata == NOTHING
    assert message.response_metadata["model_name"] == NAME == OfflineChat()._llm_type


def test_replies_to_an_answer_prompt_with_a_draft() -> None:
    evidence = [{"id": "p", "source": "a.md", "title": ["A"], "text": "The warranty lasts two years."}]
    asked = prompt(task="answer", request="How long is the warranty?", evidence=evidence)
    draft = Draft.model_validate_json(str(asyncio.run(OfflineChat().ainvoke(asked)).content))
    assert [claim.text for claim in draft.claims] == ["The warranty lasts two years."]


def test_data_is_there_exactly_when_it_is_asked_for() -> None:
    sections: dict[str, Any] = {"task": "answer", "request": "What is 1 + 1?", "evidence": []}
    assert "data" not in json.loads(str(OfflineChat().invoke(prompt(**sections)).content))
    asked = prompt(**sections, data_schema={"type": "string"})
    assert json.loads(str(OfflineChat().invoke(asked).content))["data"] is None


def test_streams_one_chunk_that_is_the_last() -> None:
    asked = prompt(task="plan", request="hello", tools=[])

    async def stream() -> list[Any]:
        return [chunk async for chunk in OfflineChat().astream(asked)]

    for chunks in (list(OfflineChat().stream(asked)), asyncio.run(stream())):
        assert [(chunk.content, chunk.chunk_position) for chunk in chunks] == [('{"steps":[]}', "last")]
        assert chunks[0].usage_metadata == NOTHING


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Hi, who are you?", ""),
        ("", ""),
        (render({"task": "sing", "request": "x"}), ""),
        (render({"task": "plan"}), "request"),
        (render({"task": "plan", "request": 3, "tools": []}), "request"),
        (render({"task": "plan", "request": "x", "tools": [{"name": "t"}]}), "tools.0.effect"),
        (render({"task": "answer", "request": "x", "evidence": [{"id": "", "text": "x"}]}), "evidence.0.id"),
        ('<task>\n"plan\n</task>', "not JSON"),
        ("<task>\n" + "[" * 100_000 + "\n</task>", "not JSON"),
    ],
)
def test_what_it_cannot_read_it_says_in_words(text: str, told: str) -> None:
    reply = str(OfflineChat().invoke([HumanMessage(text)]).content)
    assert reply.startswith(INTRODUCTION)
    assert told in reply


def test_no_messages_no_crash() -> None:
    assert OfflineChat().invoke([SystemMessage("Rules.")]).content == INTRODUCTION
