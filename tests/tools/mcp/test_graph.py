"""The whole graph with tools of a real server: planned by qualified name, referenced, never crashed by it."""

import asyncio
from typing import Any

from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from graphs.wiring import wire
from state.agent import Context
from tests.fakes import ScriptedChat, parts
from tests.tools.mcp.conftest import ADD, ECHO, World, tool
from tools.mcp.capabilities import mcp_capabilities


def step(id_: str, name: str, **args: Any) -> dict[str, Any]:
    return {"id": id_, "tool": name, "args": args, "after": [], "why": "because"}


def test_a_plan_calls_servers_by_qualified_name_and_outlives_one_that_dies(world: World) -> None:
    world.add("a", [ADD, tool("die")])
    world.add("b", [ECHO])
    asyncio.run(world.approve())
    policy = world.policy()
    tools = mcp_capabilities(policy, world.lock)
    plan = [
        step("s1", "a.add", a=40, b=2),
        step("s2", "a.add", a={"$ref": "s1#/sum"}, b=1),
        step("s3", "b.echo", text="hello"),
    ]
    chat = ScriptedChat(
        {
            "plan": [{"steps": plan}, {"steps": [step("s4", "a.die")]}],
            "answer": [{"claims": [], "missing": "nothing"}] * 2,
        }
    )
    entries = {name: entry.model_dump() for name, entry in policy.tools.items()}
    graph = wire(parts(chat, tools, {"tools": entries}, replans=0)).compile(checkpointer=InMemorySaver())

    def ask(thread: str) -> dict[str, Any]:
        config: Any = {"configurable": {"thread_id": thread}}
        given: Any = {"messages": [HumanMessage("Add.")]}

        async def run() -> dict[str, Any]:
            await graph.ainvoke(given, config, context=Context())
            return (await graph.aget_state(config)).values

        return asyncio.run(run())

    end = ask("one")
    outputs = {key: result["output"] for key, result in end["results"].items()}
    assert outputs == {
        "s1": {"sum": 42},
        "s2": {"sum": 43},
        "s3": {"content": [{"kind": "text", "text": "hello"}]},
    }
    died = ask("two")
    assert died["outcome"] == "failed"
    assert "The MCP server a ended" in died["reason"]
