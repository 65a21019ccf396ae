"""What the nodes that run a step share: what they tell while it runs, and what they leave when it ended."""

from collections.abc import Collection

from langgraph.runtime import Runtime

from state.agent import AgentState, Context, Task
from state.plan import StepResult, Warrant
from state.usage import Usage
from state.verdict import Verdict


def started(state: Task, runtime: Runtime[Context]) -> Warrant:
    """Tell that the step runs; its warrant."""
    warrant = Warrant.model_validate(state["warrant"])
    runtime.stream_writer({"step": warrant.step, "tool": warrant.tool, "status": "running"})
    return warrant


def ended(
    result: StepResult, verdicts: Collection[Verdict], runtime: Runtime[Context], **told: int
) -> AgentState:
    """Tell how the step ended; its result, and the verdicts that did not simply allow it."""
    runtime.stream_writer({"step": result.step, "tool": result.tool, "status": result.status, **told})
    return {
        "results": {result.step: result.model_dump(mode="json")},
        "verdicts": [v.model_dump(mode="json") for v in verdicts if v.decision != "allow"],
        "usage": sum((v.usage for v in verdicts), Usage()).model_dump(),
    }
