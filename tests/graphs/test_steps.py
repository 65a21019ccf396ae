"""Steps of a plan through the whole graph: conditions, rounds, steps that ask a model, and new plans."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from graphs.wiring import Parts, wire
from models.chat import ModelError
from state.agent import Context
from tests.fakes import MemoryLedger, ScriptedChat, parts
from tools.capability import Caller, Capability, ToolError

TEXT, NUMBER = {"type": "string"}, {"type": "number"}


def shaped(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


ROWS = {"type": "array", "items": shaped(id=TEXT, amount=NUMBER, note=TEXT)}


@dataclass
class World:
    """A list of rows, and what was paid; paying what is in `jams` fails, in `hangs` never ends."""

    count: int = 3
    paid: list[Any] = field(default_factory=list)
    listed: int = 0
    jams: tuple[float, ...] = ()
    hangs: tuple[float, ...] = ()
    hung: asyncio.Event = field(default_factory=asyncio.Event)
    others: asyncio.Event = field(default_factory=asyncio.Event)

    def tools(self) -> list[Capability]:
        return [
            Capability("rows", "Rows.", shaped(), shaped(rows=ROWS), self._rows),
            Capability("pay", "Pay.", shaped(amount=NUMBER, to=TEXT), shaped(no=NUMBER), self._pay),
            Capability("note", "Note.", shaped(text=TEXT), shaped(no=NUMBER), self._note),
        ]

    async def _rows(self, args: Any, caller: Caller) -> Any:
        self.listed += 1
        rows = [{"id": f"r{n}", "amount": n, "note": f"note {n}"} for n in range(1, self.count + 1)]
        return {"rows": rows}

    async def _pay(self, args: Any, caller: Caller) -> Any:
        if args["amount"] in self.hangs:
            await self.others.wait()
            self.hung.set()
            await asyncio.sleep(60)
        if args["amount"] in self.jams:
            raise ToolError("The till is jammed.", "Try again.")
        self.paid.append(args["amount"])
        if len(self.paid) == self.count - len(self.hangs):
            self.others.set()
        return {"no": len(self.paid)}

    async def _note(self, args: Any, caller: Caller) -> Any:
        self.paid.append(args["text"])
        return {"no": len(self.paid)}


TRUSTED = {"rows": {"effect": "read", "trusted": ["/rows/*/id", "/rows/*/amount"]}}
FREE: dict[str, Any] = {**TRUSTED, "pay": {"effect": "write"}, "note": {"effect": "outward", "control": []}}
ASKS: dict[str, Any] = {**FREE, "pay": {"effect": "write", "approval": "always"}}
LIST = {"id": "s1", "tool": "rows", "args": {}}
DRAFT = {"claims": [], "missing": None}


def each(at_most: int = 5, **more: Any) -> dict[str, Any]:
    args = {"amount": {"$each": "/amount"}, "to": {"$text": [{"$nth": 1}, ":", {"$each": "/id"}]}}
    step = {"id": "s2", "tool": "pay", "args": args, "for_each": {"$ref": "s1#/rows"}, "at_most": at_most}
    return {**step, **more}


def plan(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"steps": [LIST, *steps], **more}


def made(
    world: World,
    *plans: Any,
    tools: dict[str, Any] = FREE,
    limits: dict[str, Any] | None = None,
    **script: Any,
) -> tuple[Parts, ScriptedChat]:
    chat = ScriptedChat({"plan": list(plans), "answer": [DRAFT] * 3, **script})
    terms = {key: script.pop(key) for key in ("replans", "answer_retries") if key in script}
    policy = {"tools": dict(tools), "limits": limits or {}}
    return parts(chat, world.tools(), policy, **terms), chat


def run(wired: Parts, *given: Any, **more: Any) -> dict[str, Any]:
    """Run one turn, then go on with each of the given commands."""

    async def go() -> dict[str, Any]:
        graph = wire(wired).compile(checkpointer=InMemorySaver())
        config: Any = {"configurable": {"thread_id": "t"}}
        await graph.ainvoke({"messages": [HumanMessage("pay")], **more}, config, context=Context())
        for command in given:
            await graph.ainvoke(command, config, context=Context())
        snapshot = await graph.aget_state(config)
        return {**snapshot.values, "cards": [i.value for i in snapshot.interrupts]}

    return asyncio.run(go())


def statuses(end: dict[str, Any]) -> dict[str, str]:
    return {key: one["status"] for key, one in end["results"].items()}


def decide(*decisions: Any) -> Command[str]:
    return Command(resume={"decisions": [{"type": d} if isinstance(d, str) else d for d in decisions]})


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_step_runs_once_for_each_element(count: int) -> None:
    world = World(count)
    after = {"id": "s3", "tool": "note", "args": {"text": {"$text": [{"$count": {"$ref": "s2#"}}, " paid"]}}}
    end = run(made(world, plan(each(), after))[0])
    assert sorted(world.paid[:-1]) == list(range(1, count + 1))
    assert world.paid[-1] == f"{count} paid"
    assert end["outcome"] == "answered"
    assert [one["item"]["id"] for one in end["results"]["s2"]["output"]] == [
        f"r{n + 1}" for n in range(count)
    ]
    assert [end["results"][f"s2.{n}"]["args"]["to"] for n in range(count)] == [
        f"{n + 1}:r{n + 1}" for n in range(count)
    ]


def test_more_elements_than_the_plan_says_pay_nothing() -> None:
    world = World(4)
    end = run(made(world, plan(each(at_most=3)), replans=0)[0])
    assert (world.paid, end["outcome"]) == ([], "failed")
    assert "for_each has 4 elements, 3 are allowed" in end["reason"]


def test_a_condition_leaves_rounds_out_and_their_order_is_that_of_the_list() -> None:
    world = World(4)
    odd = {"$not": {"$in": [{"$each": "/amount"}, [2, 4]]}}
    end = run(made(world, plan(each(when=odd)))[0])
    assert sorted(world.paid) == [1, 3]
    assert statuses(end)["s2.1"] == "left_out"
    assert [one["item"]["amount"] for one in end["results"]["s2"]["output"]] == [1, 3]


def test_a_step_whose_condition_does_not_hold_is_left_out_with_those_that_use_it() -> None:
    world = World()
    pay = {"tool": "pay", "args": {"amount": 7, "to": "x"}}
    end = run(
        made(
            world,
            plan(
                {**pay, "id": "a", "when": {"$gt": [{"$count": {"$ref": "s1#/rows"}}, 9]}},
                {**pay, "id": "uses", "args": {"amount": {"$ref": "a#/no"}, "to": "x"}},
                {"id": "later", "tool": "note", "args": {"text": "hi"}, "after": ["a"]},
            ),
        )[0]
    )
    assert world.paid == ["hi"]
    assert statuses(end) == {"s1": "done", "a": "left_out", "uses": "skipped", "later": "done"}
    assert end["outcome"] == "answered"


def test_a_failing_round_does_not_undo_the_others_and_the_step_failed() -> None:
    world = World(3, jams=(2,))
    later = {"id": "s3", "tool": "note", "args": {"text": "done"}, "after": ["s2"]}
    end = run(made(world, plan(each(), later), replans=0)[0])
    assert sorted(world.paid) == [1, 3]
    assert (statuses(end)["s2"], statuses(end)["s3"], end["outcome"]) == ("failed", "skipped", "failed")
    assert "jammed" in end["reason"]


def test_each_round_is_asked_about_and_a_rejection_leaves_the_others() -> None:
    world = World(3)
    after = {"id": "s3", "tool": "note", "args": {"text": {"$text": [{"$count": {"$ref": "s2#"}}]}}}
    wired, _ = made(world, plan(each(), after), tools=ASKS)
    [card] = run(wired)["cards"]
    assert [request["args"]["amount"] for request in card["action_requests"]] == [1, 2, 3]
    assert world.paid == []
    edit = {"type": "edit", "edited_action": {"name": "pay", "args": {"amount": 30, "to": "me"}}}
    wired, _ = made(world, plan(each(), after), tools=ASKS)
    end = run(wired, decide("approve", "reject", edit))
    assert world.paid[:2] in ([1, 30], [30, 1])
    assert world.paid[2:] == ["2"]
    assert statuses(end) == {
        "s1": "done",
        "s2.1": "rejected",
        "s2.0": "done",
        "s2.2": "done",
        "s2": "done",
        "s3": "done",
    }


def test_a_response_to_every_round_makes_no_call() -> None:
    world = World(2)
    respond = {"type": "respond", "message": "paid in cash"}
    wired, _ = made(world, plan(each()), tools=ASKS)
    end = run(wired, decide(respond, respond))
    assert world.paid == []
    assert (statuses(end)["s2"], end["outcome"]) == ("answered", "answered")


def think(number: int, tool: str = "compose", **args: Any) -> dict[str, Any]:
    given = {"sources": {"rows": {"$ref": "s1#/rows"}}, "instruction": f"Write about {number}.", **args}
    return {"id": f"t{number}", "tool": tool, "args": given}


def test_an_extract_may_have_a_schema_with_definitions_of_its_own() -> None:
    schema = {"type": "object", "properties": {"no": {"$ref": "#/$defs/no"}}, "$defs": {"no": NUMBER}}
    pay = {"id": "p", "tool": "pay", "args": {"amount": {"$get": [{"$ref": "t1#"}, "no"]}, "to": "x"}}
    world = World()
    wired, chat = made(world, plan(think(1, "extract", schema=schema), pay), extract=[{"no": "x"}, {"no": 5}])
    [card] = run(wired)["cards"]
    assert "amount comes from rows#/rows." in card["action_requests"][0]["description"]
    assert len(chat.sections("extract")) == 2
    assert chat.sections("extract")[1]["violations"][0]["path"] == "/no"


def test_a_model_that_never_fits_the_schema_is_asked_so_often_and_no_more() -> None:
    wired, chat = made(
        World(), plan(think(1, "extract", schema=NUMBER)), extract=["x"] * 9, answer_retries=1, replans=0
    )
    end = run(wired)
    assert (len(chat.sections("extract")), end["outcome"]) == (2, "failed")


@pytest.mark.parametrize("calls", [2, 3, 5, 8, 20])
def test_steps_that_ask_beside_each_other_stay_within_the_bound(calls: int) -> None:
    wired, chat = made(
        World(),
        plan(*({**think(n), "when": True} for n in range(6))),
        limits={"model_calls": calls},
        compose=[{"text": 5}] * 99,
        replans=0,
    )
    end = run(wired)
    assert len(chat.asked) == end["usage"]["model_calls"] <= calls
    assert end["outcome"] == "failed"


def test_more_steps_that_ask_than_can_be_paid_are_no_plan() -> None:
    wired, chat = made(
        World(), *[plan(*map(think, range(4)))] * 3, limits={"model_calls": 4}, compose=[{"text": "x"}] * 9
    )
    end = run(wired)
    assert {task for task, _ in chat.asked} == {"plan"}
    assert end["violations"][0]["path"] == "/steps"


def test_a_composed_text_is_bounded_and_what_it_leads_to_is_asked_about() -> None:
    note = {"id": "n", "tool": "note", "args": {"text": {"$ref": "t1#/text"}}}
    texts = [{"text": "x" * 41}, {"text": "Go to evil.example/pay now."}]
    wired, chat = made(World(), plan(think(1, max_chars=40), note), compose=texts)
    [card] = run(wired)["cards"]
    assert len(chat.sections("compose")) == 2
    assert "text names evil.example/pay" in card["action_requests"][0]["description"]
    world = World()
    wired, _ = made(world, plan(think(1), note), compose=[{"text": "All is paid."}])
    assert (run(wired)["cards"], world.paid) == ([], ["All is paid."])


def test_a_plan_that_looks_again_sees_outputs_and_its_writes_are_shown_with_the_whole_plan() -> None:
    world = World(2)
    pay = {"id": "p", "tool": "pay", "args": {"amount": 2, "to": "r2"}, "when": True, "why": "a\n\nb"}
    wired, chat = made(world, plan(again=True), {"steps": [pay]})
    end = run(wired)
    [card] = end["cards"]
    assert chat.sections("plan")[1]["finished"][0]["output"]["rows"][1]["amount"] == 2
    assert "finished" not in chat.sections("plan")[0]
    description = card["action_requests"][0]["description"]
    assert "made after a model had read text" in description
    assert description.startswith("p: a b\n")
    assert description.endswith('The whole plan:\n- p: pay {"amount":2,"to":"r2"} when true')
    assert (world.paid, end["tainted"]) == ([], True)


def test_looking_again_has_a_bound() -> None:
    note = {"id": "x", "tool": "rows", "args": {}}
    plans = [plan(again=True), *[{"steps": [], "again": True}] * 9, {"steps": [note], "again": True}]
    wired, chat = made(World(), *plans, replans=2)
    end = run(wired)
    assert (len(chat.sections("plan")), end["outcome"]) == (3, "failed")
    assert "limits.replans of 2" in end["reason"]


def test_plans_that_repeat_a_call_come_to_an_end() -> None:
    world = World()
    again = [{"steps": [{"id": f"a{n}", "tool": "rows", "args": {}}], "again": True} for n in range(99)]
    wired, chat = made(world, plan(again=True), *again, replans=5)
    end = run(wired)
    assert (world.listed, end["outcome"]) == (1, "failed")
    assert len(chat.asked) == 4  # the first plan, and three that repeat it
    assert "already called" in end["reason"]


ANSWER = shaped(total=NUMBER, ids={"type": "array", "items": TEXT})
TYPED = {
    "total": {"$sum": {"$map": [{"$ref": "s1#/rows"}, {"$item": "/amount"}]}},
    "ids": {"$map": [{"$ref": "s1#/rows"}, {"$item": "/id"}]},
}


def test_a_typed_answer_is_filled_by_code() -> None:
    wired, chat = made(World(), plan(answer=TYPED))
    end = run(wired, answer_schema=ANSWER)
    assert (end["outcome"], end["answer"]["data"]) == ("answered", {"total": 6, "ids": ["r1", "r2", "r3"]})
    assert [task for task, _ in chat.asked] == ["plan"]
    assert [claim["text"] for claim in end["answer"]["claims"]] == ["total: 6", "ids: r1, r2, r3"]
    assert end["answer"]["claims"][0]["citations"][0]["passage"] == "s1"


@pytest.mark.parametrize(
    "answer",
    [
        {"total": {"$get": [{"$first": {"$ref": "s1#/rows"}}, "amount"]}, "ids": []},
        {"total": {"$number": {"$text": ["x"]}}, "ids": []},
    ],
)
def test_a_typed_answer_that_cannot_be_filled_is_a_typed_failure(answer: Any) -> None:
    end = run(made(World(0), plan(answer=answer))[0], answer_schema=ANSWER)
    assert (end["outcome"], end["answer"]) == ("failed", None)
    assert end["reason"].startswith("The typed answer cannot be filled")


def test_a_crash_between_rounds_pays_none_twice() -> None:
    world, ledger = World(3, hangs=(3,)), MemoryLedger()
    chat = ScriptedChat({"plan": [plan(each())], "answer": [DRAFT]})
    wired = parts(chat, world.tools(), {"tools": dict(FREE)}, ledger)

    async def go() -> dict[str, Any]:
        graph = wire(wired).compile(checkpointer=InMemorySaver())
        config: Any = {"configurable": {"thread_id": "t"}}
        running = asyncio.create_task(
            graph.ainvoke({"messages": [HumanMessage("pay")]}, config, context=Context())
        )
        await world.hung.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await graph.ainvoke(None, config, context=Context())
        return (await graph.aget_state(config)).values

    end = asyncio.run(go())
    assert world.paid == [1, 2]
    assert statuses(end)["s2.2"] == "unknown"
    assert end["outcome"] == "needs_input"


def test_a_model_that_dies_in_a_step_fails_the_step() -> None:
    wired, _ = made(
        World(), plan(think(1)), compose=[ModelError("No model answers.", "Start it.")], replans=0
    )
    end = run(wired)
    assert (end["outcome"], "No model answers." in end["reason"]) == ("failed", True)
