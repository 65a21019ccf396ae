"""What a planner is told of a step that failed."""

from state.plan import StepResult
from state.shape import Field
from tools.registry import Registry


def failure(result: StepResult, registry: Registry) -> str:
    """Why it failed, in the tool's own words only if policy trusts all that the tool says.

    An error may quote an argument or an output, through which a third party would speak to the planner.
    """
    if registry.trusts(Field(result.tool, "")):
        return f"{result.tool} failed: {result.error}"
    return f"{result.tool} failed; why is not shown, since policy does not trust its words"
