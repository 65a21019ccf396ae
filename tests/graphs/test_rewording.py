"""Searches in other wordings, through the whole graph."""

import asyncio
from typing import Any

from langchain_core.messages import HumanMessage

from graphs.wiring import wire
from tests.fakes import ScriptedChat, parts
from tools.capability import Caller, Capability
from tools.documents import Passages

PASSAGES = Passages.model_json_schema(mode="serialization")
QUERY = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}
PLAN = {"steps": [{"id": "s1", "tool": "find", "args": {"query": "invoice"}, "after": [], "why": "look"}]}
ANSWER = {"claims": [], "missing": "nothing"}


def ask(
    rewords: bool, rewrites: int, replies: list[Any], **limits: int
) -> tuple[dict[str, Any], list[Caller]]:
    callers: list[Caller] = []

    async def call(args: Any, caller: Caller) -> Any:
        callers.append(caller)
        return {"passages": []}

    tool = Capability("find", "Finds.", QUERY, PASSAGES, call, retrieves=True, rewords=rewords)
    chat = ScriptedChat({"plan": [PLAN], "reword": replies, "answer": [ANSWER]})
    policy = {"retrieval": {"rewrites": rewrites}, "limits": limits}
    graph = wire(parts(chat, [tool], policy)).compile()
    asked: Any = {"messages": [HumanMessage("Which invoice?")]}
    end = asyncio.run(graph.ainvoke(asked, output_keys=["usage", "attempts", "outcome", "reason"]))
    return end, callers


def test_a_search_gets_the_other_wordings_and_they_are_counted() -> None:
    end, callers = ask(True, 2, [{"queries": ["bill", "receipt"]}])
    assert [caller.wordings for caller in callers] == [("bill", "receipt")]
    assert end["usage"]["model_calls"] == 3
    assert [attempt["at"] for attempt in end["attempts"]] == ["plan", "reword", "answer"]


def test_no_model_is_asked_unless_policy_and_tool_want_it() -> None:
    for rewords, rewrites in ((True, 0), (False, 2)):
        end, callers = ask(rewords, rewrites, [])
        assert callers[0].wordings == ()
        assert end["usage"]["model_calls"] == 2


def test_where_the_bound_is_near_the_search_goes_on_without() -> None:
    end, callers = ask(True, 2, [], model_calls=1)
    assert callers[0].wordings == ()
    assert end["outcome"] == "failed"
    assert "limits.model_calls" in end["reason"]
