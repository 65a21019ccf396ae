"""Environments: worlds in which a case is played, with tools and a state that can be compared."""

from collections.abc import Mapping
from typing import Protocol

from state.schema import Json, JsonSchema


class World(Protocol):
    """One copy of the world, from its seed to wherever calls have brought it."""

    def call(self, tool: str, args: dict[str, Json]) -> Json:
        """Call a tool; what a failing tool says is its result.

        Raises:
            KeyError: there is no such tool.
        """
        ...

    def state(self) -> Json:
        """Everything that calls may have changed, as comparable JSON."""
        ...


class Environment(Protocol):
    """Makes worlds; a world costs little, since it shares with the seed what no call has changed."""

    name: str
    tools: Mapping[str, JsonSchema]
    """Tool → JSON Schema of its arguments."""
    writes: frozenset[str]
    """Tools that change the world."""

    def world(self) -> World:
        """A fresh world, as it was seeded."""
        ...
