"""What a planner is told of a step that failed."""

from collections.abc import Iterable

from state.plan import StepResult
from state.schema import Json
from state.shape import Field
from tools.registry import Registry


def failure(result: StepResult, warrant: dict[str, Json] | None, registry: Registry) -> str:
    """Why it failed, in the tool's own words only if nobody else can speak through them.

    An error may quote an argument or an output, so that policy must trust all that the tool says, and the
    call must have been made of literals and trusted fields.
    """
    origins = [place for places in (warrant or {}).get("origins", {}).values() for place in places]
    if warrant is not None and registry.trusts(Field(result.tool, "")) and _trusted(origins, registry):
        return f"{result.tool} failed: {result.error}"
    return f"{result.tool} failed; why is not shown, since a third party may speak through it"


def _trusted(origins: Iterable[str], registry: Registry) -> bool:
    fields = (origin.partition("#") for origin in origins if "#" in origin)
    return all(registry.trusts(Field(tool, pointer)) for tool, _, pointer in fields)
