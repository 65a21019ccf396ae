"""The airline's database."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Self

from benchmarks.tau_airline.records import Records
from state.errors import UsageError
from state.schema import Json

CHANGING = ("reservations", "users")
"""Kinds of records that tools change; a booking takes no seats, since flights are updated later."""


class Refusal(Exception):  # noqa: N818  # the airline's answer, not an error of ours
    """The airline does not do what was asked; its text is the tool's result."""


@dataclass(frozen=True, slots=True)
class Seed:
    """The database as it is before the first call, which nobody changes."""

    flights: dict[str, Json]
    reservations: dict[str, Json]
    users: dict[str, Json]
    departures: dict[str, list[Json]]
    """Airport → flights that leave it, in the order of the database."""

    @classmethod
    def of(cls, tables: Json) -> Self:
        """The seed of a database in τ-bench's form.

        Raises:
            UsageError: it has no flights, reservations and users.
        """
        kinds = ("flights", *CHANGING)
        if not isinstance(tables, dict) or not all(isinstance(tables.get(kind), dict) for kind in kinds):
            raise UsageError(
                "The database has no flights, reservations and users.", "Give τ-bench's airline database."
            )
        flights = tables["flights"]
        by_origin = sorted(flights.values(), key=itemgetter("origin"))
        departures = {origin: list(group) for origin, group in groupby(by_origin, itemgetter("origin"))}
        return cls(flights, tables["reservations"], tables["users"], departures)

    @classmethod
    def read(cls, path: Path) -> Self:
        """The seed in a gzipped JSON file."""
        with gzip.open(path) as file:
            return cls.of(json.load(file))


class Database:
    """One world's database."""

    def __init__(self, seed: Seed) -> None:
        self.flights = seed.flights
        self.reservations = Records(seed.reservations)
        self.users = Records(seed.users)
        self._departures = seed.departures

    def leaving(self, origin: str) -> Iterator[Json]:
        """The flights from an airport."""
        return iter(self._departures.get(origin, ()))

    def changed(self) -> dict[str, dict[str, Json]]:
        """What calls changed: kind → id → record."""
        return {kind: getattr(self, kind).changed() for kind in CHANGING}
