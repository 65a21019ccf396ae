"""A trajectory: what an agent did in one run, as scorers see it, whatever recorded it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from state.schema import Json
from state.usage import Usage

Effect: TypeAlias = Literal["read", "write", "outward"]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool."""

    tool: str
    args: Json
    """An object; the text as it was written where a model wrote arguments that are no JSON object."""
    output: Json = None
    """What the tool gave: JSON, or the text of a tool message."""
    error: str | None = None
    """Why the call failed; None if it went well."""
    turn: int = 0
    """Model turn or superstep in which it was asked for; calls of one turn have no order among them."""
    effect: Effect | None = None
    """What the tool does to the world, where it is known."""
    id: str = ""
    """Id of its run in the trace."""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """One retrieval: ids of passages and their sources, best first, and the texts."""

    ids: tuple[str, ...]
    sources: tuple[str, ...]
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One run."""

    id: str = ""
    """Id of the trace."""
    input: Json = None
    calls: tuple[Call, ...] = ()
    """In the order in which they began."""
    said: tuple[str, ...] = ()
    """Every text that the agent gave to its user, in order."""
    answer: Json = None
    """Fields of `state.answer.Answer` where the agent gives one, else the last text that it said."""
    outcome: str | None = None
    """How the run ended, one of `state.verdict.Outcome`, where the agent says so."""
    ended: bool = True
    """Whether the run came to its own end: neither cut off by a bound, nor killed, nor ended by an error."""
    error: str | None = None
    plan: Json = None
    """Fields of the last `state.plan.Plan`."""
    retrieved: tuple[Retrieved, ...] = ()
    verdicts: tuple[Mapping[str, Json], ...] = ()
    """Fields of `state.verdict.Verdict`."""
    violations: tuple[Mapping[str, Json], ...] = ()
    """Every violation of a schema or a contract on the way: `{at, path, message}`."""
    usage: Usage = field(default_factory=Usage)
    seconds: float | None = None
    """Wall-clock time."""
    steps: int | None = None
    """Supersteps of the graph, or model turns."""
    stamp: Mapping[str, Json] = field(default_factory=dict)
    """What produced the run."""
    state: Json = None
    """The final state of the environment, where there was one."""

    @property
    def text(self) -> str:
        """The answer as a text."""
        if isinstance(self.answer, Mapping):
            return str(self.answer.get("text") or "")
        return self.answer if isinstance(self.answer, str) else ""
