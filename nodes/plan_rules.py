"""The rules that a plan must keep, all of them checked before anything of it runs."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from state.errors import UsageError
from state.expression import expression, expressions, is_literal
from state.inference import names
from state.plan import COMPOSE, EXTRACT, THINKING, Plan, Step, StepResult, spoken
from state.policy import Limits
from state.provenance import Analysis, untrusted_controls
from state.schema import Json, JsonSchema, Violation, check_schema, pointer, violations
from state.shape import Shape, walk
from state.subschema import compatible, schema_at, types_of
from state.tool_policy import REPEATABLE
from state.unresolved import certain_violations
from tools.registry import Registry

TEXT: JsonSchema = {"type": "string", "minLength": 1, "maxLength": 2_000}
SOURCES: JsonSchema = {"type": "object", "minProperties": 1}
THOUGHTS: dict[str, JsonSchema] = {
    EXTRACT: {
        "type": "object",
        "properties": {"sources": SOURCES, "schema": {"type": "object"}, "instruction": TEXT},
        "required": ["sources", "schema", "instruction"],
        "additionalProperties": False,
    },
    COMPOSE: {
        "type": "object",
        "properties": {
            "sources": SOURCES,
            "instruction": TEXT,
            "max_chars": {"type": "integer", "minimum": 1, "maximum": 20_000},
        },
        "required": ["sources", "instruction"],
        "additionalProperties": False,
    },
}
"""Arguments of the steps that a model without tools does."""


@dataclass(frozen=True)
class Rules:
    """What a plan is checked against."""

    registry: Registry
    limits: Limits
    finished: list[StepResult]
    """The steps that ran before in this turn."""
    request: str = ""
    answer_schema: JsonSchema | None = None
    tainted: bool = False


def plan_violations(plan: Plan, rules: Rules) -> Iterator[Violation]:
    """Every way in which a plan breaks the rules."""
    known = {one.step for one in rules.finished if one.status == "done"} | {step.id for step in plan.steps}
    if len(plan.steps) > rules.limits.steps:
        yield _at("/steps", f"has {len(plan.steps)} steps, more than the {rules.limits.steps} allowed")
    yield from _counts(plan, rules)
    yield from _thoughts(plan, rules)
    yield from _repeats(plan, rules)
    tangled = [*_ids(plan, {result.step for result in rules.finished}), *_order(plan)]
    yield from tangled
    if tangled:  # what its steps give cannot be said
        return
    analysis = Analysis(plan, rules.finished, rules.registry.output_schema, tainted=rules.tainted)
    yield from analysis.violations()
    for index, step in enumerate(plan.steps):
        for found in _step(step, known, analysis, rules):
            yield _at(f"/steps/{index}{found.path}", found.message)
    yield from _answer(plan, analysis, rules.answer_schema)


def _ids(plan: Plan, taken: set[str]) -> Iterator[Violation]:
    for index, step in enumerate(plan.steps):
        if step.id in taken:
            yield _at(f"/steps/{index}/id", f"{step.id!r} is already the id of another step")
        taken = taken | {step.id}


def _order(plan: Plan) -> Iterator[Violation]:
    try:
        TopologicalSorter({step.id: step.needs for step in plan.steps}).prepare()
    except CycleError as error:
        yield _at("/steps", f"the steps wait for each other: {' → '.join(error.args[1])}")


def _counts(plan: Plan, rules: Rules) -> Iterator[Violation]:
    made = (one for one in rules.finished if one.rounds is None)  # whose rounds are counted one by one
    calls = Counter(one.tool for one in made if one.status in ("done", "failed", "unknown"))
    for step in plan.steps:
        calls[step.tool] += step.at_most or 1
    for name, count in calls.items():
        allowed = rules.registry.policy_of(name).calls if rules.registry.find(name) else count
        if count > allowed:
            yield _at("/steps", f"calls {name} {count} times, more than the {allowed} allowed")


def _thoughts(plan: Plan, rules: Rules) -> Iterator[Violation]:
    """Whether the steps that certainly ask a model can be paid; a for_each may have no rounds."""
    asked = sum(step.tool in THINKING and step.for_each is None and step.when is None for step in plan.steps)
    left = rules.limits.model_calls - 1  # the plan itself took one
    if asked > left:
        most = rules.limits.model_calls
        yield _at(
            "/steps", f"asks a model {asked} times besides, more than limits.model_calls of {most} allows"
        )


def _repeats(plan: Plan, rules: Rules) -> Iterator[Violation]:
    """A new plan must not do again what an earlier one of this turn did; nothing new would come of it."""
    for index, step in enumerate(plan.steps):
        if step.for_each is None and rules.registry.earlier(step.tool, step.args, rules.finished):
            yield _at(f"/steps/{index}", f"{step.tool} was already called with these arguments")


def _step(step: Step, known: set[str], analysis: Analysis, rules: Rules) -> Iterator[Violation]:
    for index, before in enumerate(step.after):
        if before not in known:
            yield _at(f"/after/{index}", f"there is no step {before!r}")
    if (step.for_each is None) != (step.at_most is None):
        yield _at("/at_most", "is needed with for_each, and only with it")
    if expression(step.args) is not None:
        yield _at("/args", "only an argument can be an expression, not all of them at once")
    elif step.tool in THINKING:
        yield from _thought(step, analysis.args(step.id))
    elif rules.registry.find(step.tool) is None:
        yield _at("/tool", f"{step.tool!r} is not an allowed tool")
    else:
        yield from _call(step, analysis.args(step.id), rules)


def _thought(step: Step, shape: Shape) -> Iterator[Violation]:
    for broken in certain_violations(THOUGHTS[step.tool], spoken(step)):
        yield _at("/args" + broken.path, broken.message)
    if "schema" in step.args and not isinstance(step.args["schema"], dict):
        yield _at("/args/schema", "is no JSON Schema")
    yield from _types(spoken(step), shape, THOUGHTS[step.tool], "/args")
    try:
        if isinstance(step.args.get("schema"), dict):
            check_schema(step.args["schema"])
    except UsageError as error:
        yield _at("/args/schema", error.message)


def _call(step: Step, shape: Shape, rules: Rules) -> Iterator[Violation]:
    tool, policy = rules.registry.find(step.tool), rules.registry.policy_of(step.tool)
    if tool is None:
        return
    for broken in rules.registry.violations(step.tool, step.args, certain_violations):
        yield _at("/args" + broken.path, broken.message)
    yield from _types(step.args, shape, tool.input_schema, "/args")
    if policy.idempotency != REPEATABLE and policy.idempotency in step.args:
        yield _at(f"/args/{policy.idempotency}", "is filled when the call is made; leave it out")
    if rules.tainted and policy.tainted == "refuse" and policy.effect != "read":
        yield _at("/tool", f"{step.tool} must not be planned after text of others was read")
    if policy.approval == "never" or policy.strict:
        wrong = untrusted_controls(
            policy,
            shape,
            step.args,
            request=rules.request,
            trusts=rules.registry.trusts,
            tainted=rules.tainted,
        )
        for name, sources in wrong.items():
            if policy.approval != "never" and name not in policy.strict:
                continue
            yield _at(f"/args/{name}", f"must not come from {', '.join(sources)}")


def _types(value: Json, shape: Shape, wanted: JsonSchema, path: str) -> Iterator[Violation]:
    """Whether what an expression gives can ever fit where it stands; what is inside one was checked."""
    inside: list[tuple[str | int, ...]] = []
    for found in expressions(value):
        if any(found.path[: len(outer)] == outer for outer in inside):
            continue
        inside.append(found.path)
        given = walk(shape, iter(map(str, found.path)))
        accepted = types_of(schema_at(wanted, pointer(found.path)))
        if given is not None and not compatible(given.types, accepted):
            message = f"gives {names(given.types)} where {names(accepted)} is needed"
            yield _at(path + pointer(found.path), message)


def _answer(plan: Plan, analysis: Analysis, schema: JsonSchema | None) -> Iterator[Violation]:
    if plan.answer is None:
        return
    if schema is None:
        yield _at("/answer", "the request has no answer schema; leave the answer to the evidence")
        return
    check = violations if is_literal(plan.answer) else certain_violations
    yield from (_at("/answer" + broken.path, broken.message) for broken in check(schema, plan.answer))
    yield from _types(plan.answer, analysis.answer(), schema, "/answer")


def _at(path: str, message: str) -> Violation:
    return Violation(path=path, message=message)
