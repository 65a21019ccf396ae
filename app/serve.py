"""`warrant serve`: the agent for other programs."""

from typing import Annotated

import typer

from state.errors import UsageError

EPILOG = """Examples:

warrant serve --mcp

warrant serve --mcp --http --port 8765"""


def serve(
    mcp: Annotated[bool, typer.Option("--mcp", help="Serve the Model Context Protocol.")] = False,
    http: Annotated[
        bool,
        typer.Option("--http", help="Over streamable HTTP on this machine, instead of stdin and stdout."),
    ] = False,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port for --http.")] = 8765,
) -> None:
    """Serve the agent and the tools that only read, until stdin ends or Ctrl-C.

    Over HTTP there is no authentication, so that it listens on 127.0.0.1 only.
    """
    import asyncio
    from contextlib import suppress

    if not mcp:
        raise UsageError("Nothing to serve.", "Say --mcp; for the LangGraph API run `langgraph dev`.")
    from app.mcp_server import over_http, over_stdio

    with suppress(KeyboardInterrupt):
        asyncio.run(over_http(port) if http else over_stdio())
