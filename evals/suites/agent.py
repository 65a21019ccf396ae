"""The seam of a suite's run: an agent that plays cases, wherever it runs."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from evals.cases.case import Case
from evals.trajectory import Effect, Trajectory
from state.schema import Json
from state.trace import Run


class Played(NamedTuple):
    """One run of one case."""

    trajectory: Trajectory
    runs: tuple[Run, ...] = ()
    """The trace, where it was recorded here."""


class Agent(Protocol):
    """What is evaluated."""

    @property
    def graph(self) -> str:
        """`module:name`, or the URL of a deployed graph API."""
        ...

    @property
    def stamp(self) -> Mapping[str, Json]:
        """What is known to produce its runs."""
        ...

    @property
    def effects(self) -> Mapping[str, Effect]:
        """Tool → what it does to the world."""
        ...

    async def play(self, case: Case) -> Played:
        """Run a case from a fresh start; an agent that fails has played too.

        Raises:
            InfrastructureError: it could not be run, and that is not its fault.
        """
        ...
