"""Warrant as an MCP server: the agent, and the tools that only read, each call under a warrant."""

import json
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any
from uuid import uuid4

import mcp_types as types
from mcp.server import Server
from mcp.server.stdio import stdio_server

from graphs.run import Session, session
from state.canonical import canonical, digest
from state.errors import WarrantError
from state.plan import Warrant
from state.schema import Json, JsonSchema, violations
from tools.capability import Caller, Capability

HOST = "127.0.0.1"
ASK = "ask"
DOCUMENT: JsonSchema = {
    "type": "object",
    "properties": {
        "outcome": {"enum": ["answered", "refused", "needs_approval", "needs_input", "failed"]},
        "reason": {"type": "string"},
        "answer": {"type": ["object", "null"]},
        "thread_id": {"type": "string"},
    },
    "required": ["outcome", "reason", "answer", "thread_id"],
}
ASK_TOOL = types.Tool(
    name=ASK,
    description="Asks the agent; it plans, calls the tools that its policy allows, and answers with sources.",
    input_schema={
        "type": "object",
        "properties": {
            "question": {"type": "string", "minLength": 1},
            "thread_id": {"type": "string", "minLength": 1, "description": "The conversation to continue."},
        },
        "required": ["question"],
        "additionalProperties": False,
    },
    output_schema=DOCUMENT,
)


async def over_stdio() -> None:
    """Serve until stdin ends."""
    async with session() as agent, stdio_server() as (incoming, outgoing):
        server = made(agent)
        await server.run(incoming, outgoing, server.create_initialization_options())


async def over_http(port: int) -> None:
    """Serve on this machine until the process is told to end."""
    import uvicorn

    async with session() as agent:
        app = made(agent).streamable_http_app(host=HOST)
        await uvicorn.Server(uvicorn.Config(app, host=HOST, port=port, log_level="warning")).serve()


def made(agent: Session) -> Server[Any]:
    """The server of an agent; no tool that writes is offered."""
    offered = {tool.name: tool for tool in _offered(agent)}

    async def list_tools(_ctx: object, _params: object) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[ASK_TOOL, *map(_tool, offered.values())])

    async def call_tool(_ctx: object, params: types.CallToolRequestParams) -> types.CallToolResult:
        args = params.arguments or {}
        try:
            if params.name == ASK:
                return await _ask(agent, args)
            if params.name in offered:
                return await _call(agent, offered[params.name], args)
        except WarrantError as error:
            return _failed(str(error))
        return _failed("No such tool. List the tools.")

    return Server("warrant", version=version("warrant"), on_list_tools=list_tools, on_call_tool=call_tool)


def _offered(agent: Session) -> Iterator[Capability]:
    """Tools that read and need no approval for any argument: here nobody can be asked."""
    registry = agent.app.parts.registry.of(_caller(agent))
    for tool in registry.allowed():
        policy = registry.policy_of(tool.name)
        named = set(tool.input_schema.get("properties", {}))
        if policy.effect == "read" and policy.approval != "always" and not policy.controls(named):
            yield tool


def _caller(agent: Session) -> Caller:
    chosen = agent.app.settings
    return Caller(labels=chosen.held_labels(), roles=chosen.held_roles())


def _tool(tool: Capability) -> types.Tool:
    return types.Tool(
        name=tool.name,
        description=tool.description,
        input_schema=tool.input_schema,
        output_schema=tool.output_schema,
        annotations=types.ToolAnnotations(read_only_hint=True),
    )


async def _ask(agent: Session, args: dict[str, Json]) -> types.CallToolResult:
    if broken := violations(ASK_TOOL.input_schema, args):
        return _failed("; ".join(f"{v.path}: {v.message}" for v in broken))
    return _done(await agent.ask(args["question"], thread_id=args.get("thread_id")))


async def _call(agent: Session, tool: Capability, args: dict[str, Json]) -> types.CallToolResult:
    """Call one tool under a warrant of its own; its result passes the gate, since a model will read it."""
    parts = agent.app.parts
    warrant = Warrant(
        step="call",
        tool=tool.name,
        tool_digest=tool.digest(),
        args=args,
        args_digest=digest(args),
        approved_by="policy",
    )
    result = await parts.registry.call(warrant, _caller(agent), str(uuid4()))
    if result.status != "done":
        return _failed(result.error or "the call failed")
    verdict = await parts.judge(canonical(result.output), "result")
    if verdict.withholds:
        return _failed(f"the gate withheld the output: {verdict.reason}")
    return _done(result.output)


def _done(output: Json) -> types.CallToolResult:
    text = types.TextContent(type="text", text=json.dumps(output, ensure_ascii=False))
    return types.CallToolResult(content=[text], structured_content=output)


def _failed(why: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=why)], is_error=True)
