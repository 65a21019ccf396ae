"""The graph as a whole, with scripted models and tools."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import BaseModel, Field

from graphs.wiring import Parts, wire
from models.chat import ModelError
from nodes.card import DECISIONS
from state.agent import AgentState, Context, Task
from state.passage import Passage
from tests.fakes import MemoryLedger, ScriptedChat, parts
from tools.capability import Caller, Capability, ToolError, typed

TEXT = "Tea may be returned within 30 days. Shipping back costs 4.90 EUR."


class Query(BaseModel):
    query: str = Field(min_length=1)


class Found(BaseModel):
    passages: list[Passage]


class Number(BaseModel):
    value: int = Field(ge=0)


class Total(BaseModel):
    total: int


class Payment(BaseModel):
    paid: int


def searching(text: str = TEXT, labels: tuple[str, ...] = ()) -> Capability:
    async def search(args: Query, caller: Caller) -> Found:
        passage = Passage(
            id="p1", text=text, source="returns.md", start=100, end=100 + len(text), labels=labels
        )
        return Found(passages=[passage])

    return typed("search", "Search.", Query, Found, search, retrieves=True)


class Adder:
    """Adds one; counts its calls; fails as often as it is told to."""

    def __init__(self, failures: int = 0, name: str = "add") -> None:
        self.calls: list[int] = []
        self.failures = failures
        self.tool = typed(name, "Add one.", Number, Total, self.add)

    async def add(self, args: Number, caller: Caller) -> Total:
        self.calls.append(args.value)
        if len(self.calls) <= self.failures:
            raise ToolError("The adder is jammed.", "Try again.")
        return Total(total=args.value + 1)


def step(id_: str, tool: str, after: tuple[str, ...] = (), **args: Any) -> dict[str, Any]:
    return {"id": id_, "tool": tool, "args": args, "after": list(after), "why": "because"}


def claim(text: str, quote: str, passage: str = "p1") -> dict[str, Any]:
    return {"text": text, "citations": [{"passage": passage, "quote": quote}]}


def draft(*claims: dict[str, Any], missing: str | None = None, **more: Any) -> dict[str, Any]:
    return {"claims": list(claims), "missing": missing, **more}


GOOD = draft(claim("You have 30 days.", "within 30 days"))
SEARCH = {"steps": [step("s1", "search", query="returns")]}


def run(made: Parts, question: str = "How long?", *given: Any, **more: Any) -> dict[str, Any]:
    """Run one turn, then go on with each of the given commands."""

    async def go() -> dict[str, Any]:
        graph = wire(made).compile(checkpointer=InMemorySaver())
        config = {"configurable": {"thread_id": "t"}}
        await graph.ainvoke({"messages": [HumanMessage(question)], **more}, config, context=Context())
        for command in given:
            await graph.ainvoke(command, config, context=Context())
        snapshot = await graph.aget_state(config)
        return {**snapshot.values, "interrupts": [i.value for i in snapshot.interrupts]}

    return asyncio.run(go())


def test_answers_with_a_citation_in_source_offsets() -> None:
    chat = ScriptedChat({"plan": [SEARCH], "answer": [GOOD]})
    end = run(parts(chat, [searching()]))
    assert end["outcome"] == "answered"
    [citation] = end["answer"]["claims"][0]["citations"]
    assert citation == {
        "passage": "p1",
        "source": "returns.md",
        "quote": "within 30 days",
        "start": 100 + TEXT.index("within"),
        "end": 100 + TEXT.index("within") + len("within 30 days"),
    }
    assert end["messages"][-1].text == "You have 30 days. [1]\n\n[1] returns.md"
    assert end["usage"]["model_calls"] == 2
    assert [verdict["place"] for verdict in end["verdicts"]] == ["screen", "release"]


def test_no_channel_exists_that_the_state_does_not_declare() -> None:
    channels = wire(parts(ScriptedChat({}))).channels.keys() - {"__start__"}
    declared = AgentState.__annotations__.keys() | Task.__annotations__.keys()
    assert {name for name in channels if not name.startswith("branch:")} == declared


def test_references_pass_values_between_steps() -> None:
    adder = Adder()
    plan = {"steps": [step("s1", "add", value=1), step("s2", "add", value={"$ref": "s1#/total"})]}
    answer = draft(claim("It is 3.", '"total":3', "s2"))
    end = run(parts(ScriptedChat({"plan": [plan], "answer": [answer]}), [adder.tool]))
    assert adder.calls == [1, 2]
    assert end["answer"]["text"] == "It is 3."


def test_independent_steps_run_in_parallel() -> None:
    meeting = asyncio.Barrier(2)

    async def meet(args: Number, caller: Caller) -> Total:
        async with asyncio.timeout(5):
            await meeting.wait()
        return Total(total=args.value)

    plan = {"steps": [step("s1", "meet", value=1), step("s2", "meet", value=2)]}
    made = parts(
        ScriptedChat({"plan": [plan], "answer": [draft()]}), [typed("meet", "Meet.", Number, Total, meet)]
    )
    end = run(made)
    assert {result["status"] for result in end["results"].values()} == {"done"}


def test_an_invalid_plan_goes_back_with_its_violations_and_nothing_runs() -> None:
    adder = Adder()
    bad = {"steps": [step("s1", "add", value=1), step("s2", "delete_all"), step("s3", "add", value=-1)]}
    chat = ScriptedChat({"plan": [bad, SEARCH], "answer": [GOOD]})
    end = run(parts(chat, [adder.tool, searching()]))
    assert adder.calls == []
    sent = chat.sections("plan")[1]["violations"]
    assert {v["path"] for v in sent} == {"/steps/1/tool", "/steps/2/args/value"}
    assert end["outcome"] == "answered"


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_the_planner_is_asked_at_most_once_and_n_times_more(retries: int) -> None:
    chat = ScriptedChat({"plan": [{"steps": [step("s1", "nothing")]}] * 10, "answer": []})
    end = run(parts(chat, plan_retries=retries))
    assert len(chat.asked) == 1 + retries
    assert end["outcome"] == "failed"
    assert len(end["attempts"]) == 1 + retries
    assert "is not an allowed tool" in end["reason"]


@pytest.mark.parametrize("trusted", [True, False])
def test_a_failed_step_leads_to_one_new_plan_which_learns_why_only_from_a_trusted_tool(trusted: bool) -> None:
    adder = Adder(failures=1)
    plan = {"steps": [step("s1", "add", value=1)]}
    again = {"steps": [step("s2", "add", value=5)]}
    chat = ScriptedChat({"plan": [plan, again], "answer": [draft(claim("6", '"total":6', "s2"))]})
    end = run(parts(chat, [adder.tool], {"tools": {"add": {"effect": "read", "trusted": trusted}}}))
    assert end["outcome"] == "answered"
    assert chat.sections("plan")[1]["finished"][0]["status"] == "failed"
    assert ("jammed" in str(chat.sections("plan")[1])) is trusted


def test_a_step_that_keeps_failing_is_a_typed_failure() -> None:
    plan = [
        {"steps": [step(f"s{n}", "add", value=n), step(f"t{n}", "add", (f"s{n}",), value=n + 100)]}
        for n in range(9)
    ]
    chat = ScriptedChat({"plan": list(plan), "answer": []})
    end = run(parts(chat, [Adder(failures=99).tool], replans=2))
    assert end["outcome"] == "failed"
    assert len(chat.asked) == 3
    assert "The adder is jammed." in end["reason"]
    assert end["results"]["t0"]["status"] == "skipped"


def test_an_answer_without_support_goes_back_then_abstains() -> None:
    lie = draft(
        claim("You have 99 days.", "within 30 days"), claim("Yes.", "not there"), claim("No.", "x", "p9")
    )
    chat = ScriptedChat({"plan": [SEARCH], "answer": [lie] * 9})
    end = run(parts(chat, [searching()], answer_retries=1))
    assert len(chat.sections("answer")) == 2
    assert end["outcome"] == "answered"
    assert end["answer"]["claims"] == []
    assert end["answer"]["text"].startswith("I cannot answer this")
    messages = " ".join(v["message"] for v in end["violations"])
    assert "99 stands in no cited evidence" in messages
    assert "not in the text" in messages
    assert "no evidence with the id 'p9'" in messages


def test_a_supported_claim_stays_when_another_one_is_dropped() -> None:
    mixed = draft(claim("You have 30 days.", "within 30 days"), claim("It is free.", "free of charge"))
    end = run(parts(ScriptedChat({"plan": [SEARCH], "answer": [mixed]}), [searching()]))
    assert [c["text"] for c in end["answer"]["claims"]] == ["You have 30 days."]
    assert end["violations"][0]["path"] == "/claims/1/citations/0"


SCHEMA = {
    "type": "object",
    "properties": {"days": {"$ref": "#/$defs/days"}, "when": {"type": "string", "format": "date"}},
    "required": ["days"],
    "$defs": {"days": {"type": "integer", "minimum": 1}},
}


def test_data_satisfies_the_callers_schema() -> None:
    answers = [
        draft(GOOD["claims"][0]),
        draft(GOOD["claims"][0], data={"days": "30"}),
        draft(GOOD["claims"][0], data={"days": 30, "when": "tomorrow"}),
        draft(GOOD["claims"][0], data={"days": 30, "when": "2026-11-20"}),
    ]
    chat = ScriptedChat({"plan": [SEARCH], "answer": answers})
    end = run(parts(chat, [searching()], answer_retries=3), answer_schema=SCHEMA)
    assert end["answer"]["data"] == {"days": 30, "when": "2026-11-20"}
    back = [[v["path"] for v in sections["violations"]] for sections in chat.sections("answer")[1:]]
    assert back == [[""], ["/data/days"], ["/data/when"]]


def test_data_that_never_fits_is_a_typed_failure_with_every_attempt() -> None:
    chat = ScriptedChat({"plan": [SEARCH], "answer": [draft(data={"days": 0})] * 9})
    end = run(parts(chat, [searching()]), answer_schema=SCHEMA)
    assert end["outcome"] == "failed"
    assert [attempt["at"] for attempt in end["attempts"]] == ["plan", "answer", "answer", "answer"]
    assert end["answer"] is None
    assert "/data/days" in end["reason"]


def test_a_schema_holds_for_one_turn() -> None:
    chat = ScriptedChat({"plan": [SEARCH, SEARCH], "answer": [draft(data={"days": 30}), GOOD]})
    end = run(parts(chat, [searching()]), "one?", {"messages": [HumanMessage("two?")]}, answer_schema=SCHEMA)
    assert end["outcome"] == "answered"
    assert "data_schema" not in chat.sections("answer")[1]
    assert chat.sections("plan")[1]["history"][0] == {"role": "user", "content": "one?"}
    assert len(end["attempts"]) == 2


@pytest.mark.parametrize("schema", [{"type": "nonsense"}, {"properties": 3}])
def test_a_broken_schema_is_said_before_any_model_is_asked(schema: dict[str, Any]) -> None:
    chat = ScriptedChat({})
    end = run(parts(chat), answer_schema=schema)
    assert (end["outcome"], chat.asked) == ("failed", [])
    assert "JSON Schema is invalid" in end["reason"]


WRITES = {"tools": {"pay": {"effect": "write", "approval": "always"}}}


def paying() -> tuple[Adder, dict[str, Any]]:
    return Adder(name="pay"), {"steps": [step("s1", "pay", value=4)]}


def decide(*kinds: str) -> Command[str]:
    return Command(resume={"decisions": [{"type": kind} for kind in kinds]})


def test_a_write_waits_for_approval_and_runs_once_as_shown() -> None:
    adder, plan = paying()
    chat = ScriptedChat({"plan": [plan], "answer": [draft(claim("5", '"total":5', "s1"))]})
    waiting = run(parts(chat, [adder.tool], dict(WRITES)))
    assert adder.calls == []
    [card] = waiting["interrupts"]
    [request] = card["action_requests"]
    assert (request["name"], request["args"]) == ("pay", {"value": 4})
    assert request["description"].startswith("s1: because\n\nYou are asked because:\n- Policy asks")
    assert card["review_configs"] == [{"action_name": "pay", "allowed_decisions": DECISIONS}]
    chat = ScriptedChat({"plan": [plan], "answer": [draft(claim("5", '"total":5', "s1"))]})
    end = run(parts(chat, [adder.tool], dict(WRITES)), "pay", decide("approve"))
    assert (adder.calls, end["outcome"]) == ([4], "answered")
    assert end["warrants"]["s1"]["approved_by"] == "human"


def test_a_rejection_leaves_approved_siblings_alone() -> None:
    adder = Adder(name="pay")
    plan = {
        "steps": [step("s1", "pay", value=4), step("s2", "pay", value=7), step("s3", "pay", ("s1",), value=1)]
    }
    chat = ScriptedChat({"plan": [plan], "answer": [draft(claim("8", '"total":8', "s2"))]})
    end = run(parts(chat, [adder.tool], dict(WRITES)), "pay", decide("reject", "approve"))
    assert adder.calls == [7]
    assert {k: r["status"] for k, r in end["results"].items()} == {
        "s1": "rejected",
        "s2": "done",
        "s3": "skipped",
    }
    assert "pay was not called" in end["answer"]["text"]


def test_a_plan_made_after_reading_untrusted_text_asks_before_it_writes() -> None:
    adder = Adder(name="pay")
    free = {"tools": {"pay": {"effect": "write"}}}
    plans = [SEARCH, {"steps": [step("s1", "pay", value=4)]}]
    chat = ScriptedChat({"plan": plans, "answer": [GOOD]})
    made = parts(chat, [adder.tool, searching()], free)
    second = run(made, "how long?", {"messages": [HumanMessage("then pay")]})
    assert adder.calls == []
    assert second["interrupts"][0]["action_requests"][0]["name"] == "pay"


@pytest.mark.parametrize("nonsense", ["yes", 7, {"decisions": []}, {"decisions": [{"type": "maybe"}]}])
def test_a_decision_that_makes_no_sense_is_asked_again(nonsense: Any) -> None:
    adder, plan = paying()
    chat = ScriptedChat({"plan": [plan], "answer": [draft(claim("5", '"total":5', "s1"))]})
    made = parts(chat, [adder.tool], dict(WRITES))
    again = run(made, "pay", Command(resume=nonsense))
    assert adder.calls == []
    assert '"type": "approve"' in again["interrupts"][0]["error"]


def test_a_tool_result_that_the_gate_refuses_is_seen_by_no_model() -> None:
    chat = ScriptedChat({"plan": [SEARCH], "answer": [draft(missing="nothing")]})
    end = run(parts(chat, [searching("a FORBIDDEN passage")]))
    assert chat.sections("answer")[0]["evidence"] == []
    assert "FORBIDDEN" not in str(chat.asked)
    assert end["verdicts"][1]["place"] == "result"


def test_a_tool_that_does_not_retrieve_cannot_forge_a_source() -> None:
    forger = replace(searching(), retrieves=False)
    chat = ScriptedChat({"plan": [SEARCH], "answer": [GOOD, draft()]})
    run(parts(chat, [forger], answer_retries=1))
    [evidence] = chat.sections("answer")[0]["evidence"]
    assert (evidence["id"], evidence["source"]) == ("s1", "step:s1")


def test_a_passage_that_the_caller_may_not_read_is_left_out() -> None:
    chat = ScriptedChat({"plan": [SEARCH], "answer": [draft()]})
    run(parts(chat, [searching(labels=("staff",))]))
    assert chat.sections("answer")[0]["evidence"] == []


def test_the_gate_refuses_a_request_before_a_model_sees_it() -> None:
    chat = ScriptedChat({})
    end = run(parts(chat), "a FORBIDDEN request")
    assert (end["outcome"], chat.asked) == ("refused", [])


def test_the_gate_withholds_an_answer() -> None:
    chat = ScriptedChat({"plan": [SEARCH], "answer": [draft(claim("FORBIDDEN", "30 days"))]})
    end = run(parts(chat, [searching()]))
    assert (end["outcome"], end["answer"]) == ("refused", None)
    assert "FORBIDDEN" not in end["messages"][-1].text


@pytest.mark.parametrize(("question", "outcome"), [("   ", "failed"), ("x" * 50_000, "refused")])
def test_input_limits(question: str, outcome: str) -> None:
    chat = ScriptedChat({})
    end = run(parts(chat), question)
    assert (end["outcome"], chat.asked) == (outcome, [])


def test_a_dead_model_is_a_typed_failure() -> None:
    chat = ScriptedChat({"plan": [ModelError("No model answers.", "Start it.")]})
    end = run(parts(chat))
    assert end["outcome"] == "failed"
    assert end["reason"] == "No model answers. Start it."


def test_the_bound_on_model_calls_is_checked_before_spending() -> None:
    chat = ScriptedChat({"plan": [{"steps": [step("s1", "nothing")]}] * 9})
    end = run(parts(chat, policy={"limits": {"model_calls": 2}}, plan_retries=9))
    assert len(chat.asked) == 2
    assert "limits.model_calls" in end["reason"]


def test_an_unknown_outcome_of_a_write_is_reported_and_never_guessed() -> None:
    async def pay(args: Number, caller: Caller) -> Total:
        raise ConnectionResetError("lost after sending")

    plan = {"steps": [step("s1", "pay", value=4)]}
    made = parts(
        ScriptedChat({"plan": [plan], "answer": []}),
        [typed("pay", "Pay.", Number, Total, pay)],
        {"tools": {"pay": {"effect": "write"}}},
        ledger=MemoryLedger(),
    )
    end = run(made, "pay")
    assert end["results"]["s1"]["status"] == "unknown"
    assert end["outcome"] == "needs_input"
