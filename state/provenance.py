"""Provenance: where the arguments of a call come from, and whether policy lets them."""

import re
from collections.abc import Callable, Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import TypeAlias

from state.inference import Known, infer
from state.plan import EXTRACT, THINKING, Plan, Step, StepResult, needs
from state.schema import Json, JsonSchema, Violation
from state.shape import Field, Shape, Sources, anything, described, rounds, walk
from state.subschema import ANY
from state.tool_policy import ToolPolicy, covers

OutputSchema: TypeAlias = Callable[[str], JsonSchema | None]
"""Output schema of a tool by name; None if there is no such tool."""
Trusts: TypeAlias = Callable[[Field], bool]

COMPOSED: JsonSchema = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
    "additionalProperties": False,
}
"""Output schema of `compose`."""
DEFAULT_SOURCES = ("literal", "trusted")
QUOTED = re.compile(r'"(.*)"', re.DOTALL)


class Analysis:
    """The shapes of a plan's arguments and outputs, and what is wrong with its expressions."""

    def __init__(self, plan: Plan, finished: Iterable[StepResult], schema_of: OutputSchema) -> None:
        """Infer every step, each after those it needs."""
        self._schema_of = schema_of
        self._outputs: dict[str, Shape] = {
            one.step: self._kept(one) for one in finished if one.status == "done"
        }
        self.each: dict[str, Sources] = {}
        """Step id → what the list of its `for_each` may be made of."""
        self.args: dict[str, Shape] = {}
        """Step id → shape of its arguments."""
        self.violations: list[Violation] = []
        places = {step.id: index for index, step in enumerate(plan.steps)}
        for step in in_order(plan):
            self._step(step, ("steps", places[step.id]))
        if plan.answer is not None:
            self.answer = infer(plan.answer, Known(self._outputs, found=self.violations), ("answer",))

    def sources(self, step: str, argument: str) -> Sources:
        """What an argument of a step may be made of."""
        found = self.args[step].part(argument)
        return found.sources if found else Sources()

    def _step(self, step: Step, path: tuple[str | int, ...]) -> None:
        known = Known(self._outputs, found=self.violations)
        if step.for_each is not None:
            each = infer(step.for_each, known, (*path, "for_each"))
            if "array" not in each.types:
                known.wrong((*path, "for_each"), "is no list")
            self.each[step.id] = each.sources
            known = Known(self._outputs, each.part(ANY) or anything(each.sources), None, self.violations)
        if step.when is not None and "boolean" not in infer(step.when, known, (*path, "when")).types:
            known.wrong((*path, "when"), "is no condition")
        args = infer(spoken(step), known, (*path, "args"))
        self.args[step.id] = args
        output = self._output(step, args)
        self._outputs[step.id] = output if known.each is None else rounds(known.each, output)

    def _output(self, step: Step, args: Shape) -> Shape:
        if step.tool in THINKING:
            sources = args.part("sources")
            schema = step.args.get("schema") if step.tool == EXTRACT else COMPOSED
            return described(
                schema if isinstance(schema, dict) else {}, None, sources.sources if sources else Sources()
            )
        schema = self._schema_of(step.tool)
        return described(schema or {}, Field(step.tool, ""))

    def _kept(self, result: StepResult) -> Shape:
        """The shape of the output of a step that ran before."""
        made_of = Sources(fields=frozenset(Field(*one) for one in result.fields or ()))
        if result.tool in THINKING:
            return anything(made_of)
        output = described(self._schema_of(result.tool) or {}, Field(result.tool, ""))
        return output if result.rounds is None else rounds(anything(made_of), output)


def spoken(step: Step) -> dict[str, Json]:
    """The arguments in which expressions are looked for: the schema of an extract is none of ours."""
    if step.tool != EXTRACT or "schema" not in step.args:
        return step.args
    return {**step.args, "schema": {"$literal": step.args["schema"]}}


def in_order(plan: Plan) -> Iterator[Step]:
    """The steps, each after those it needs; as they stand if they wait for each other."""
    steps = {step.id: step for step in plan.steps}
    try:
        order = list(TopologicalSorter({step.id: sorted(needs(step)) for step in plan.steps}).static_order())
    except CycleError:
        order = list(steps)
    yield from (steps[key] for key in order if key in steps)


def strange(sources: Sources, allowed: Iterable[str], request: str, trusts: Trusts) -> list[str]:
    """Where a value may come from that is not allowed, as `literal "…"` or `tool#/field`."""
    allowed = tuple(allowed)
    literals = [text for text in sorted(sources.literals) if not _literal_allowed(text, allowed, request)]
    fields = [one for one in sorted(sources.fields) if not _field_allowed(one, allowed, trusts)]
    return [f"literal {text}" for text in literals] + [shown(one) for one in fields]


def origins(sources: Sources) -> list[str]:
    """Where a value may come from, as a human reads it."""
    return [*(["literal"] if sources.literals else []), *(shown(one) for one in sorted(sources.fields))]


def shown(one: Field) -> str:
    """A field as policy names it."""
    return f"{one.tool}#{one.pointer}"


def untrusted_controls(
    policy: ToolPolicy,
    shapes: Shape,
    args: Iterable[str],
    *,
    request: str,
    trusts: Trusts,
    tainted: bool,
) -> dict[str, list[str]]:
    """Control argument → sources that policy does not allow for it, for those that have any.

    A tainted plan was made after a model read text of others, so that its literals may be theirs.
    """
    found = {}
    for name in sorted(policy.controls(set(args))):
        shape = walk(shapes, iter([name]))
        allowed = policy.sources.get(name, DEFAULT_SOURCES)
        if tainted:
            allowed = tuple("request" if one == "literal" else one for one in allowed)
        if shape and (wrong := strange(shape.sources, allowed, request, trusts)):
            found[name] = wrong
    return found


def _field_allowed(one: Field, allowed: tuple[str, ...], trusts: Trusts) -> bool:
    if "trusted" in allowed and trusts(one):
        return True
    named = [source.partition("#") for source in allowed if "#" in source]
    return any(tool == one.tool and covers(pattern, one.pointer) for tool, _, pattern in named)


def _literal_allowed(text: str, allowed: tuple[str, ...], request: str) -> bool:
    return "literal" in allowed or ("request" in allowed and stands_in(text, request))


def stands_in(literal: str, request: str) -> bool:
    """Whether a literal, as canonical JSON, stands in the request as words of its own, or is no text."""
    if literal in ("null", "true", "false", '""'):
        return True
    quoted = QUOTED.fullmatch(literal)
    said = re.escape(quoted[1] if quoted else literal)
    return re.search(rf"(?<![\w.]){said}(?![\w])", request, re.IGNORECASE) is not None
