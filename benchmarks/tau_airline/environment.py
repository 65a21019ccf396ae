"""The airline as an environment: 14 tools on a database of which every world changes its own copy."""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Self

from benchmarks.tau_airline.arithmetic import calculate
from benchmarks.tau_airline.database import Database, Refusal, Seed
from benchmarks.tau_airline.flights import list_all_airports, search_direct_flight, search_onestop_flight
from benchmarks.tau_airline.reservations import (
    book_reservation,
    cancel_reservation,
    get_reservation_details,
    update_reservation_baggages,
    update_reservation_flights,
    update_reservation_passengers,
)
from benchmarks.tau_airline.users import get_user_details, send_certificate
from state.errors import UsageError
from state.schema import Json, JsonSchema

Tool = Callable[..., Json]

TRANSFER = "transfer_to_human_agents"
"""The tool that ends the conversation."""
ERROR = "Error:"
"""How the result of a call begins that failed, and so changed nothing."""


def think(_database: Database, thought: str) -> str:  # noqa: ARG001  # its argument by name
    """Nothing: the thought stands in the call."""
    return ""


def transfer_to_human_agents(_database: Database, summary: str) -> str:  # noqa: ARG001
    """A note that the human has been called."""
    return "Transfer successful"


def _named(tool: Tool) -> Tool:
    """Let Python's complaint of missing and unknown arguments name the tool as τ-bench does."""
    tool.__qualname__ = f"{tool.__name__.title().replace('_', '')}.invoke"
    return tool


READS: dict[str, Tool] = {
    tool.__name__: _named(tool)
    for tool in (
        calculate,
        get_reservation_details,
        get_user_details,
        list_all_airports,
        search_direct_flight,
        search_onestop_flight,
        think,
        transfer_to_human_agents,
    )
}
WRITES: dict[str, Tool] = {
    tool.__name__: _named(tool)
    for tool in (
        book_reservation,
        cancel_reservation,
        send_certificate,
        update_reservation_baggages,
        update_reservation_flights,
        update_reservation_passengers,
    )
}
TOOLS = READS | WRITES


class AirlineWorld:
    """One copy of the airline."""

    def __init__(self, seed: Seed) -> None:
        self._database = Database(seed)

    def call(self, tool: str, args: dict[str, Json]) -> Json:
        """The result as a text, which is what τ-bench gives a model; an error begins with `Error:`.

        Raises:
            KeyError: there is no such tool.
        """
        function = TOOLS[tool]
        try:
            result = function(self._database, **deepcopy(args))
        except _ERRORS as error:
            return f"{ERROR} {error}"
        return result if isinstance(result, str | None) else json.dumps(result)

    def state(self) -> Json:
        """The records that calls have changed: kind → id → record."""
        return self._database.changed()


_ERRORS = (
    Refusal,
    # What a model's wrong types run into; τ-bench gives it Python's words.
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)


class Airline:
    """The environment."""

    name = "tau_airline"
    writes = frozenset(WRITES)

    def __init__(self, seed: Seed, tools: Mapping[str, JsonSchema]) -> None:
        self._seed = seed
        self.tools = tools

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The airline of a folder with `db.json.gz` and `tools.json`.

        Raises:
            UsageError: the files are not there, or something else.
        """
        try:
            described = json.loads((folder / "tools.json").read_text())
            seed = Seed.read(folder / "db.json.gz")
            tools = {one["function"]["name"]: one["function"]["parameters"] for one in described}
        except (OSError, EOFError, ValueError, LookupError, TypeError) as error:
            raise UsageError(
                f"The airline cannot be read from {folder}: {error}.",
                "Give a folder with τ-bench's db.json.gz and tools.json.",
            ) from error
        return cls(seed, tools)

    def world(self) -> AirlineWorld:
        """A fresh copy."""
        return AirlineWorld(self._seed)
