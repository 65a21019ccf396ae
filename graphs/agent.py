"""The graph `agent`, as `langgraph.json` names it."""

from graphs.parts import application
from graphs.wiring import Graph, wire


def agent() -> Graph:
    """The uncompiled graph of this process's settings and policy."""
    return wire(application().parts)
