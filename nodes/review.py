"""Review: checks the whole plan before anything of it runs."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from typing import TypedDict

from state.agent import AgentState, Ending, Rounds, Terms
from state.plan import Plan, Step, StepResult
from state.policy import Limits
from state.reference import Found, mismatch, needs, references
from state.schema import MAX_VIOLATIONS, Json, Violation, pointer
from state.unresolved import certain_violations
from tools.capability import Capability
from tools.registry import Registry


class ReviewView(TypedDict):
    """The plan and what ran before it."""

    plan: dict[str, Json] | None
    attempts: list[dict[str, Json]]
    results: dict[str, Json]
    rounds: Rounds
    terms: Terms


@dataclass(frozen=True)
class Review:
    """Lets a plan pass, or sends its violations back to the planner, at most `plan_retries` times."""

    registry: Registry
    limits: Limits

    async def __call__(self, state: ReviewView) -> AgentState:
        """Collect the violations of the plan, at most MAX_VIOLATIONS."""
        if state["plan"] is None:
            found = [Violation.model_validate(v) for v in state["attempts"][-1]["violations"]]
        else:
            finished = [StepResult.model_validate(result) for result in state["results"].values()]
            plan = Plan.model_validate(state["plan"])
            found = list(islice(plan_violations(plan, finished, self.registry, self.limits), MAX_VIOLATIONS))
        rounds, allowed = state["rounds"], state["terms"]["plan_retries"]
        feedback = [violation.model_dump() for violation in found]
        update: AgentState = {
            "feedback": feedback,
            "violations": [{"at": "plan", **violation} for violation in feedback],
        }
        if found and rounds["plan"] >= allowed:
            update["ending"] = Ending(outcome="failed", reason=_given_up(found, rounds["plan"] + 1))
        elif found:
            update["rounds"] = {**rounds, "plan": rounds["plan"] + 1}
        return update


def _given_up(found: list[Violation], calls: int) -> str:
    first = f"{found[0].path or 'plan'}: {found[0].message}"
    return (
        f"No valid plan after {calls} model calls; the last one has {len(found)} violations, first {first}."
    )


def plan_violations(
    plan: Plan, finished: list[StepResult], registry: Registry, limits: Limits
) -> Iterator[Violation]:
    """Every way in which a plan breaks the rules; `finished` are the steps that ran before in this turn."""
    done = {result.step: result.tool for result in finished if result.status == "done"}
    tools = done | {step.id: step.tool for step in plan.steps}
    if len(plan.steps) > limits.steps:
        yield _at("/steps", f"has {len(plan.steps)} steps, more than the {limits.steps} allowed")
    yield from _ids(plan, {result.step for result in finished})
    yield from _order(plan)
    yield from _counts(plan, finished, registry)
    yield from _repeats(plan, finished, registry)
    for index, step in enumerate(plan.steps):
        yield from (
            _at(f"/steps/{index}{found.path}", found.message) for found in _step(step, tools, registry)
        )


def _ids(plan: Plan, taken: set[str]) -> Iterator[Violation]:
    for index, step in enumerate(plan.steps):
        if step.id in taken:
            yield _at(f"/steps/{index}/id", f"{step.id!r} is already the id of another step")
        taken = taken | {step.id}


def _order(plan: Plan) -> Iterator[Violation]:
    try:
        TopologicalSorter({step.id: needs(step) for step in plan.steps}).prepare()
    except CycleError as error:
        yield _at("/steps", f"the steps wait for each other: {' → '.join(error.args[1])}")


def _counts(plan: Plan, finished: list[StepResult], registry: Registry) -> Iterator[Violation]:
    called = [result.tool for result in finished if result.status not in ("skipped", "rejected")]
    calls = Counter([step.tool for step in plan.steps] + called)
    for name, count in calls.items():
        if registry.find(name) and count > (allowed := registry.policy_of(name).calls):
            yield _at("/steps", f"calls {name} {count} times, more than the {allowed} allowed")


def _repeats(plan: Plan, finished: list[StepResult], registry: Registry) -> Iterator[Violation]:
    """A new plan must not do again what an earlier one of this turn did, or may have done."""
    for index, step in enumerate(plan.steps):
        if registry.repeats(step.tool, step.args, finished):
            yield _at(f"/steps/{index}", f"{step.tool} was already called with these arguments")


def _step(step: Step, tools: dict[str, str], registry: Registry) -> Iterator[Violation]:
    tool = registry.find(step.tool)
    if tool is None:
        yield _at("/tool", f"{step.tool!r} is not an allowed tool")
    for index, before in enumerate(step.after):
        if before not in tools:
            yield _at(f"/after/{index}", f"there is no step {before!r}")
    for one in references(step.args):
        yield from _reference(one, tool, tools, registry)
    if tool is not None:
        for violation in certain_violations(tool.input_schema, step.args):
            yield _at("/args" + violation.path, violation.message)


def _reference(
    one: Found, tool: Capability | None, tools: dict[str, str], registry: Registry
) -> Iterator[Violation]:
    path = "/args" + pointer(one.path)
    if not one.path:
        yield _at(path, "only an argument can be a reference, not all of them at once")
    elif not one.reference.step:
        yield _at(path, 'a reference looks like {"$ref": "s1#/json/pointer"}')
    elif one.reference.step not in tools:
        yield _at(path, f"there is no step {one.reference.step!r}")
    elif tool and (source := registry.find(tools[one.reference.step])):
        wrong = mismatch(one, source.output_schema, tool.input_schema)
        if wrong:
            yield _at(path, wrong.message)


def _at(path: str, message: str) -> Violation:
    return Violation(path=path, message=message)
