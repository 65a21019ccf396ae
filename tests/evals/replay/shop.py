"""A foreign graph: a model behind an OpenAI-compatible server, and a ToolNode of tools of many kinds."""

import os
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AnyMessage, ToolMessage
from langchain_core.tools import BaseTool, InjectedToolCallId, StructuredTool, ToolException, tool
from langchain_openai import ChatOpenAI
from langgraph.graph import START, StateGraph, add_messages
from langgraph.prebuilt import InjectedState, ToolNode, ToolRuntime, tools_condition
from langgraph.types import Command
from pydantic import SecretStr
from typing_extensions import TypedDict

LIVE: Counter[str] = Counter()
"""Live calls, by tool."""
URL = "SHOP_URL"
"""Variable of the environment that says where the graph's own model is."""


class Shop(TypedDict, total=False):
    """State of the graph."""

    messages: Annotated[list[AnyMessage], add_messages]
    basket: list[str]


@tool
def price(item: str, currency: str = "EUR") -> str:
    """Price of an item."""
    LIVE["price"] += 1
    return f"{item}: {len(item)} {currency}"


@tool
def stock(item: str, state: Annotated[dict[str, Any], InjectedState]) -> str:
    """Stock of an item, with the state injected."""
    LIVE["stock"] += 1
    return f"{item}: {len(state['messages'])}"


@tool
async def put(item: str, runtime: ToolRuntime) -> Command[Any]:
    """Put an item into the basket: async only, gives a command."""
    LIVE["put"] += 1
    message = ToolMessage(f"{item} is in", tool_call_id=str(runtime.tool_call_id))
    return Command(update={"basket": [item], "messages": [message]})


@tool(response_format="content_and_artifact")
def picture(item: str, call_id: Annotated[str, InjectedToolCallId]) -> tuple[str, dict[str, Any]]:
    """Picture of an item, with the call's id injected."""
    LIVE["picture"] += 1
    return f"a picture of {item}", {"png": item * 2, "for": bool(call_id)}


@tool
def ship(item: str) -> str:
    """Ship an item, which fails."""
    LIVE["ship"] += 1
    raise ToolException(f"no truck for {item}") if item == "sofa" else ValueError(f"cannot ship {item}")


async def _rate(**arguments: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    LIVE["rate"] += 1
    return [{"type": "text", "text": f"{arguments} is good"}], {"structured_content": arguments}


rate = StructuredTool(
    name="rate",
    description="Rate an item, as langchain-mcp-adapters makes tools.",
    args_schema={
        "type": "object",
        "properties": {"item": {"type": "string"}, "stars": {"type": "integer", "default": 3}},
        "required": ["item"],
    },
    coroutine=_rate,
    response_format="content_and_artifact",
)
TOOLS = [price, stock, put, picture, ship, rate]


def agent() -> Any:
    """The graph with a model that a server has."""
    return graph(ChatOpenAI(model="own", base_url=os.environ[URL], api_key=SecretStr("none"), max_retries=0))


def graph(model: BaseChatModel, tools: Sequence[BaseTool] = tuple(TOOLS), handle: Any = True) -> Any:
    """A model that calls tools until it has an answer."""
    bound = model.bind_tools(tools)

    async def ask(state: Shop) -> Shop:
        return {"messages": [await bound.ainvoke(state["messages"])]}

    built: Any = StateGraph(Shop)
    built.add_node("ask", ask)
    built.add_node("tools", ToolNode(tools, handle_tool_errors=handle))
    built.add_edge(START, "ask")
    built.add_conditional_edges("ask", tools_condition)
    built.add_edge("tools", "ask")
    return built
