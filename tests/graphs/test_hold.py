"""What the gate neither lets through nor refuses: a human is asked, or a model sees only typed values."""

from dataclasses import replace
from typing import Any

import pytest
from langgraph.types import Command
from pydantic import BaseModel

from graphs.wiring import Parts
from state.verdict import Decision
from tests.fakes import ScriptedChat, judge, parts
from tests.graphs.test_wiring import (
    GOOD,
    SEARCH,
    Adder,
    Number,
    claim,
    decide,
    draft,
    run,
    searching,
    step,
)
from tools.capability import Caller, Capability, typed

ODD = "ODD: tea may be returned within 30 days."


def made(
    decision: Decision, chat: ScriptedChat, *tools: Capability, policy: dict[str, Any] | None = None
) -> Parts:
    return replace(parts(chat, tools, policy), judge=judge(ODD=decision))


def test_a_held_request_waits_before_any_model_is_asked() -> None:
    chat = ScriptedChat({"plan": [SEARCH], "answer": [GOOD]})
    end = run(made("ask", chat, searching()), "ODD: how long?")
    assert chat.asked == []
    [card] = end["interrupts"]
    assert card["action_requests"][0]["name"] == "gate.screen"
    assert card["action_requests"][0]["args"] == {"text": "ODD: how long?"}
    assert card["review_configs"] == [
        {"action_name": "gate.screen", "allowed_decisions": ["approve", "reject"]}
    ]


def test_a_held_request_goes_on_or_is_refused_as_a_human_says() -> None:
    chat = ScriptedChat({"plan": [SEARCH], "answer": [GOOD]})
    end = run(made("ask", chat, searching()), "ODD: how long?", decide("approve"))
    assert (end["outcome"], end["held"]) == ("answered", {})
    chat = ScriptedChat({})
    end = run(made("ask", chat, searching()), "ODD: how long?", decide("reject"))
    assert (end["outcome"], chat.asked) == ("refused", [])
    assert "odd word" in end["reason"]


@pytest.mark.parametrize(("kind", "seen"), [("approve", True), ("reject", False)])
def test_a_held_passage_is_seen_only_if_a_human_says_so(kind: str, seen: bool) -> None:
    answer = draft(missing="nothing")
    chat = ScriptedChat({"plan": [SEARCH], "answer": [answer]})
    end = run(made("ask", chat, searching(ODD)), "How long?", decide(kind))
    assert ("within 30 days" in str(chat.sections("answer"))) is seen
    assert end["outcome"] == "answered"
    assert [one["decision"] for one in end["verdicts"]] == ["allow", "ask", "allow"]


class Said(BaseModel):
    text: str


class Told:
    """A tool that says something, and counts how often it was called."""

    def __init__(self, text: str) -> None:
        self.calls, self.text = 0, text
        self.tool = typed("tell", "Tell.", Number, Said, self.tell)

    async def tell(self, args: Number, caller: Caller) -> Said:
        self.calls += 1
        return Said(text=self.text)


@pytest.mark.parametrize(("kind", "status"), [("approve", "done"), ("reject", "failed")])
def test_a_held_result_keeps_what_needs_it_waiting_and_its_tool_is_called_once(
    kind: str, status: str
) -> None:
    told, adder = Told(ODD), Adder()
    plan = {"steps": [step("s1", "tell", value=1), step("s2", "add", ("s1",), value=1)]}
    chat = ScriptedChat({"plan": [plan, {"steps": []}], "answer": [draft(missing="nothing")]})
    waiting = run(made("ask", chat, told.tool, adder.tool), "Tell me.")
    assert (told.calls, adder.calls, list(waiting["held"])) == (1, [], ["s1"])
    told, adder = Told(ODD), Adder()
    chat = ScriptedChat({"plan": [plan, {"steps": []}], "answer": [draft(missing="nothing")]})
    end = run(made("ask", chat, told.tool, adder.tool), "Tell me.", decide(kind))
    assert end["results"]["s1"]["status"] == status
    assert (told.calls, adder.calls) == (1, [1] if kind == "approve" else [])


@pytest.mark.parametrize(("kind", "outcome"), [("approve", "answered"), ("reject", "refused")])
def test_a_held_answer_leaves_only_if_a_human_says_so(kind: str, outcome: str) -> None:
    said = draft(claim("It is ODD: 30 days.", "within 30 days"))

    def asked() -> Parts:
        return made("ask", ScriptedChat({"plan": [SEARCH], "answer": [said]}), searching())

    waiting = run(asked())
    assert (waiting["interrupts"][0]["action_requests"][0]["name"], len(waiting["messages"])) == (
        "gate.release",
        1,
    )
    end = run(asked(), "How long?", decide(kind))
    assert (end["outcome"], "ODD" in end["messages"][-1].text) == (outcome, kind == "approve")
    assert (end["answer"] is None) == (kind == "reject")


@pytest.mark.parametrize(
    "nonsense", ["yes", {"decisions": []}, {"decisions": [{"type": "respond", "message": "Hello."}]}]
)
def test_a_decision_that_makes_no_sense_is_asked_again(nonsense: Any) -> None:
    chat = ScriptedChat({"plan": [SEARCH], "answer": [GOOD]})
    end = run(made("ask", chat, searching()), "ODD?", Command(resume=nonsense), decide("approve"))
    assert end["outcome"] == "answered"


def test_a_passage_in_quarantine_is_no_evidence() -> None:
    chat = ScriptedChat({"plan": [SEARCH], "answer": [draft(missing="nothing")]})
    end = run(made("quarantine", chat, searching(ODD)))
    assert "within 30 days" not in str(chat.asked)
    assert chat.sections("answer")[0]["failed"][0]["status"] == "quarantined"
    assert end["results"]["s1"]["output"]["passages"][0]["quarantined"] is True


def extracting(schema: dict[str, Any]) -> dict[str, Any]:
    sources = {"told": {"$ref": "s1#/text"}}
    wanted = step("s2", "extract", sources=sources, schema=schema, instruction="How many days?")
    return {"steps": [step("s1", "tell", value=1), wanted]}


def test_numbers_are_extracted_from_what_is_in_quarantine() -> None:
    answer = draft(claim("30 days.", "30", "s2"))
    chat = ScriptedChat(
        {"plan": [extracting({"type": "integer"})], "extract": [lambda _: 30], "answer": [answer]}
    )
    end = run(made("quarantine", chat, Told(ODD).tool))
    assert end["answer"]["text"] == "30 days."
    assert "tea may be" in str(chat.sections("extract"))
    assert "tea may be" not in str(chat.sections("answer")) + str(chat.sections("plan"))


def test_words_are_not() -> None:
    chat = ScriptedChat(
        {"plan": [extracting({"type": "string"}), {"steps": []}], "answer": [draft(missing="nothing")]}
    )
    end = run(made("quarantine", chat, Told(ODD).tool))
    assert chat.sections("extract") == []
    assert "through at ''" in end["results"]["s2"]["error"]
    assert "tea may be" not in str(chat.asked)


def test_no_text_is_composed_from_what_is_in_quarantine() -> None:
    composing = step("s2", "compose", sources={"told": {"$ref": "s1#/text"}}, instruction="Sum it up.")
    plans = [{"steps": [step("s1", "tell", value=1), composing]}, {"steps": []}]
    chat = ScriptedChat({"plan": plans, "answer": [draft(missing="nothing")]})
    end = run(made("quarantine", chat, Told(ODD).tool))
    assert "no text is written" in end["results"]["s2"]["error"]
    assert chat.sections("compose") == []


def test_a_planner_that_asked_to_see_results_does_not_see_those_in_quarantine() -> None:
    plans = [{**extracting({"type": "integer"}), "again": True}, {"steps": []}]
    chat = ScriptedChat({"plan": plans, "extract": [lambda _: 30], "answer": [draft(missing="nothing")]})
    run(made("quarantine", chat, Told(ODD).tool))
    finished = {one["step"]: one for one in chat.sections("plan")[1]["finished"]}
    assert "output" not in finished["s1"]
    assert finished["s2"]["output"] == 30
