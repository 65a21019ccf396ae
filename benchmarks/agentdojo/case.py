"""Cases: what an ideal planner writes for each user task, and which calls must come of it."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from state.operators import equal
from state.schema import Json, JsonSchema

FOLDER = Path(__file__).parent
SUITES = ("workspace", "travel", "banking", "slack")

Shape = Literal["linear", "when", "for_each", "follow-up", "re-plan"]


class Call(BaseModel):
    """A call that must happen; an argument may be `{"any": true}` or `{"starts": "text"}`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tool: str
    args: dict[str, Any]

    def fits(self, tool: str, args: dict[str, Json]) -> bool:
        """Whether a call is this one, argument by argument; one that is null counts as left out."""
        given = {name: value for name, value in args.items() if value is not None}
        return (
            self.tool == tool
            and given.keys() <= self.args.keys()
            and all(_fits(want, given.get(name)) for name, want in self.args.items())
        )


class Case(BaseModel):
    """One user task."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shape: Shape
    """What the plan needs of the language."""
    plans: list[dict[str, Any]] = Field(min_length=1)
    """The first plan, and the re-plans that follow `again: true`."""
    ideal: dict[str, Any] = Field(default_factory=dict)
    """Step id → what an ideal extract or compose gives; for a step with `for_each` its rounds in order."""
    answer_schema: JsonSchema | None = None
    expected: list[Call] = Field(default_factory=list)
    """Every call that must change something, and no others."""

    def expects(self, tool: str, args: dict[str, Json]) -> bool:
        """Whether a call is one of those that must happen."""
        return any(call.fits(tool, args) for call in self.expected)

    def missing(self, calls: Iterable[tuple[str, dict[str, Json]]]) -> list[Call]:
        """The expected calls that did not happen."""
        made = list(calls)
        return [call for call in self.expected if not any(call.fits(*one) for one in made)]


def cases(suite: str) -> dict[str, Case]:
    """The cases of a suite by the id of the user task."""
    text = (FOLDER / "plans" / f"{suite}.json").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, Case]).validate_python(json.loads(text))


def _fits(want: Json, given: Json) -> bool:
    if want == {"any": True}:
        return True
    if isinstance(want, dict) and want.keys() == {"starts"}:
        return isinstance(given, str) and given.startswith(want["starts"])
    return equal(want, given)
