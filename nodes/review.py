"""Review: checks the whole plan before anything of it runs."""

from dataclasses import dataclass
from itertools import islice

from langgraph.runtime import Runtime

from nodes.callers import Callers
from nodes.plan_rules import Rules, plan_violations
from nodes.refusal import refused
from state.agent import AgentState, Context, Ending, HasRead, Rounds, Terms
from state.plan import Plan, StepResult
from state.policy import Limits
from state.schema import MAX_VIOLATIONS, Json, Violation
from tools.registry import Registry


class ReviewView(HasRead):
    """The plan and what ran before it."""

    plan: dict[str, Json] | None
    tainted: bool
    request: str
    attempts: list[dict[str, Json]]
    results: dict[str, Json]
    rounds: Rounds
    terms: Terms


@dataclass(frozen=True)
class Review:
    """Lets a plan pass, or sends its violations back to the planner, at most `plan_retries` times."""

    registry: Registry
    limits: Limits
    caller: Callers

    async def __call__(self, state: ReviewView, *, runtime: Runtime[Context]) -> AgentState:
        """Collect the violations of the plan, at most MAX_VIOLATIONS."""
        if state["plan"] is None:
            found = [Violation.model_validate(v) for v in state["attempts"][-1]["violations"]]
        else:
            rules = self._rules(state, runtime)
            found = list(islice(plan_violations(Plan.model_validate(state["plan"]), rules), MAX_VIOLATIONS))
        rounds, allowed = state["rounds"], state["terms"]["plan_retries"]
        feedback = [violation.model_dump() for violation in found]
        update: AgentState = {
            "feedback": feedback,
            "violations": [{"at": "plan", **violation} for violation in feedback],
        }
        if found and rounds["plan"] >= allowed:
            said = state["attempts"][-1]["text"] if state["plan"] is None else ""
            failed = Ending(outcome="failed", reason=_given_up(found, rounds["plan"] + 1))
            update["ending"] = refused(said) or failed
        elif found:
            update["rounds"] = {**rounds, "plan": rounds["plan"] + 1}
        return update

    def _rules(self, state: ReviewView, runtime: Runtime[Context]) -> Rules:
        return Rules(
            registry=self.registry.of(self.caller(runtime)),
            limits=self.limits,
            finished=[StepResult.model_validate(result) for result in state["results"].values()],
            request=state["request"],
            answer_schema=state["terms"]["answer_schema"],
            tainted=state["tainted"],
        )


def _given_up(found: list[Violation], calls: int) -> str:
    first = f"{found[0].path or 'plan'}: {found[0].message}"
    return (
        f"No valid plan after {calls} model calls; the last one has {len(found)} violations, first {first}."
    )
