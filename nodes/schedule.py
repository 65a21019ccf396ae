"""Schedule: which steps may run now, and what happens when none is left."""

from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import TypedDict

from state.agent import AgentState, Ending, Rounds, Terms
from state.canonical import digest
from state.plan import Plan, Step, StepResult, StepStatus, Warrant
from state.reference import needs, resolve
from state.schema import Json, violations
from tools.registry import Registry


class ScheduleView(TypedDict):
    """The reviewed plan and how far it is."""

    plan: dict[str, Json]
    tainted: bool
    results: dict[str, Json]
    rounds: Rounds
    terms: Terms


@dataclass(frozen=True)
class Schedule:
    """Gives ready steps their warrants, closes those that cannot run, and plans anew after a failure."""

    registry: Registry

    async def __call__(self, state: ScheduleView) -> AgentState:
        """Look at the results so far and decide what is next."""
        results = {key: StepResult.model_validate(value) for key, value in state["results"].items()}
        plan = Plan.model_validate(state["plan"])
        closed: dict[str, Json] = {}
        ready: list[Warrant] = []
        earlier = [result for key, result in results.items() if key not in {s.id for s in plan.steps}]
        for step in _in_order(plan):
            made = None if step.id in results else self._next(step, results)
            # Review cannot see a repeated write behind a reference.
            if isinstance(made, Warrant) and self.registry.repeats(made.tool, made.args, earlier):
                made = _closed(step, made.args, f"{step.tool} was already called with these arguments")
            if isinstance(made, StepResult):
                results[step.id] = made
                closed[step.id] = made.model_dump(mode="json")
            elif made is not None:
                ready.append(made)
        asks = {w.step: self._asks(w.tool, state["tainted"]) for w in ready}
        free = {w.step: w.model_dump(mode="json") for w in ready if not asks[w.step]}
        asking = {w.step: w.model_dump(mode="json") for w in ready if asks[w.step]}
        update: AgentState = {"warrants": free, "awaiting": {} if free else asking, "results": closed}
        return update if ready else {**update, **_left(plan, results, state["rounds"], state["terms"])}

    def _next(self, step: Step, results: dict[str, StepResult]) -> Warrant | StepResult | None:
        """A warrant if the step may run, its result if it never can, None if it has to wait."""
        needed = {before: results.get(before) for before in sorted(needs(step))}
        for before, result in needed.items():
            if result is not None and result.status != "done":
                return _closed(step, step.args, f"step {before} gave nothing", "skipped")
        return None if None in needed.values() else self._warrant(step, results)

    def _asks(self, tool: str, tainted: bool) -> bool:
        policy = self.registry.policy_of(tool)
        return policy.approval == "always" or (tainted and policy.effect != "read")

    def _warrant(self, step: Step, results: dict[str, StepResult]) -> Warrant | StepResult:
        """The warrant for exactly these arguments, or why there is none."""
        outputs = {key: result.output for key, result in results.items() if result.status == "done"}
        tool = self.registry.find(step.tool)
        try:
            args = resolve(step.args, outputs)
        except LookupError as error:
            return _closed(step, step.args, str(error))
        if tool is None:
            return _closed(step, args, f"{step.tool} is not an allowed tool")
        if broken := violations(tool.input_schema, args):
            return _closed(step, args, "; ".join(f"{v.path}: {v.message}" for v in broken))
        return Warrant(
            step=step.id,
            tool=tool.name,
            tool_digest=tool.digest(),
            args=args,
            args_digest=digest(args),
            approved_by="policy",
        )


def _in_order(plan: Plan) -> Iterator[Step]:
    """The steps, each after those it needs, so that one pass closes whole chains."""
    steps = {step.id: step for step in plan.steps}
    for key in TopologicalSorter({step.id: sorted(needs(step)) for step in plan.steps}).static_order():
        if key in steps:
            yield steps[key]


def _closed(step: Step, args: dict[str, Json], error: str, status: StepStatus = "failed") -> StepResult:
    return StepResult(step=step.id, tool=step.tool, args=args, status=status, error=error)


def _left(plan: Plan, results: dict[str, StepResult], rounds: Rounds, terms: Terms) -> AgentState:
    """Nothing is left to run: go on to the answer, or plan anew, or end."""
    mine = [results[step.id] for step in plan.steps if step.id in results]
    unknown = next((result for result in mine if result.status == "unknown"), None)
    if unknown is not None:
        return {"ending": Ending(outcome="needs_input", reason=_unknown(unknown))}
    failed = [result for result in mine if result.status == "failed"]
    if not failed:
        return {}
    if rounds["replan"] < terms["replans"]:
        feedback = [{"path": f"/steps/{r.step}", "message": f"{r.tool} failed: {r.error}"} for r in failed]
        return {
            "plan": None,
            "feedback": feedback,
            "rounds": {**rounds, "plan": 0, "replan": rounds["replan"] + 1},
        }
    first = failed[0]
    return {
        "ending": Ending(outcome="failed", reason=f"Step {first.step} ({first.tool}) failed: {first.error}")
    }


def _unknown(result: StepResult) -> str:
    return (
        f"It is unknown whether step {result.step} ({result.tool}) took effect: {result.error}. "
        "Check it outside before you ask for it again."
    )
