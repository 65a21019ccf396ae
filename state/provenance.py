"""Provenance: where the arguments of a call come from, and whether policy lets them."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TypeAlias

from state.canonical import canonical
from state.inference import Known, infer
from state.plan import EXTRACT, THINKING, Plan, Step, StepResult, spoken
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
BEFORE, AFTER = r"(?<![\w.])(?<!\w[,@:/+=&?%-])", r"(?!\w)(?![,@:/+=&?%-]\w)(?!\.(?!(?-i:[A-Z][a-z]))\w)"
"""That no word goes on: `b.com` is no word of `a@b.com`, nor `13` one of `13:30`; a sentence may begin."""
NUMBER = re.compile(rf"{BEFORE}-?(?:\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.\d+)?{AFTER}", re.ASCII)
"""A number in a sentence, perhaps with commas between its thousands."""


class Analysis:
    """The shapes of a plan's arguments and outputs, inferred where they are asked for."""

    def __init__(
        self, plan: Plan, results: Iterable[StepResult], schema_of: OutputSchema, *, tainted: bool = False
    ) -> None:
        """Take the plan and what ran so far in this turn; no step may wait for itself.

        What a tainted plan tells a model in words or in a schema may be the words of others.
        """
        self._tainted = tainted
        self._plan = plan
        self._schema_of = schema_of
        self._steps = {step.id: step for step in plan.steps}
        results = list(results)
        self._before = {
            one.step: one for one in results if one.status == "done" and one.step not in self._steps
        }
        self._called = {one.step: one.tool for one in results if one.tool not in THINKING}
        self._outputs = _Outputs(self)
        self._args: dict[str, Shape] = {}
        self._elements: dict[str, Shape | None] = {}

    def violations(self) -> list[Violation]:
        """What is wrong with the expressions of the plan."""
        found: list[Violation] = []
        for index, step in enumerate(self._plan.steps):
            self._infer(step, found, ("steps", index))
        if self._plan.answer is not None:
            infer(self._plan.answer, Known(self._outputs, found=found), ("answer",))
        return found

    def answer(self) -> Shape:
        """The shape of the plan's answer."""
        return infer(self._plan.answer, Known(self._outputs))

    def args(self, step: str) -> Shape:
        """The shape of a step's arguments."""
        if step not in self._args:
            self._args[step] = self._infer(self._steps[step], [], ())
        return self._args[step]

    def sources(self, step: str, argument: str) -> Sources:
        """What an argument of a step may be made of."""
        found = self.args(step).part(argument)
        return found.sources if found else Sources()

    def elements(self, step: str) -> Shape | None:
        """The shape of the elements of the step's `for_each`."""
        if step not in self._elements:
            self._elements[step] = self._each(self._steps[step], [], ())
        return self._elements[step]

    def output(self, step: str) -> Shape | None:
        """The shape of a step's output, of this plan or of one before it in this turn."""
        if step in self._before:
            return self._kept(self._before[step])
        if step not in self._steps:
            return None
        output, each = self._given(self._steps[step]), self.elements(step)
        return output if each is None else rounds(each, output)

    def _infer(self, step: Step, found: list[Violation], path: tuple[str | int, ...]) -> Shape:
        """The shape of the arguments; what is wrong with the step's expressions is added to `found`."""
        known = Known(self._outputs, self._each(step, found, path), found=found)
        if step.when is not None and "boolean" not in infer(step.when, known, (*path, "when")).types:
            known.wrong((*path, "when"), "is no condition")
        return infer(spoken(step), known, (*path, "args"))

    def _each(self, step: Step, found: list[Violation], path: tuple[str | int, ...]) -> Shape | None:
        if step.for_each is None:
            return None
        known = Known(self._outputs, found=found)
        elements = infer(step.for_each, known, (*path, "for_each"))
        if "array" not in elements.types:
            known.wrong((*path, "for_each"), "is no list")
        return elements.part(ANY) or anything(elements.sources)

    def _given(self, step: Step) -> Shape:
        """What one call of the step gives."""
        if step.tool in THINKING:
            schema = step.args.get("schema") if step.tool == EXTRACT else COMPOSED
            made_of = self._thought(self.args(step.id))
            return described(schema if isinstance(schema, dict) else {}, None, made_of)
        mine = {tool for name, tool in self._called.items() if name.partition(".")[0] == step.id}
        if mine - {step.tool}:  # a human had another tool called instead
            return anything(Sources(fields=frozenset(Field(tool, "") for tool in mine)))
        return described(self._schema_of(step.tool) or {}, Field(step.tool, ""))

    def _thought(self, args: Shape) -> Sources:
        """What a model may make its reply of: its sources, and what it is told to do with them."""
        sources = args.part("sources")
        told = Sources() if sources is None else sources.sources
        return told | (args.sources if self._tainted else Sources(fields=args.sources.fields))

    def made_of(self, step: Step) -> list[tuple[str, str]]:
        """The fields that the output of a step is made of, besides those of its own tool."""
        each = self.elements(step.id)
        found = each.sources.fields if each else frozenset()
        if step.tool in THINKING:
            found |= self._thought(self.args(step.id)).fields
        return [(one.tool, one.pointer) for one in sorted(found)]

    def _kept(self, result: StepResult) -> Shape:
        """The shape of the output of a step that ran before; what no field made is as good as a literal."""
        fields = frozenset(Field(*one) for one in result.fields or ())
        said = frozenset() if fields else frozenset({canonical(result.output)})
        made_of = Sources(said, fields)
        if result.tool in THINKING:
            return anything(made_of)
        output = described(self._schema_of(result.tool) or {}, Field(result.tool, ""))
        return output if result.rounds is None else rounds(anything(made_of), output)


class _Outputs(Mapping[str, Shape]):
    """The outputs of all steps that have one, each inferred when it is looked up."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis

    def __getitem__(self, step: str) -> Shape:
        if (found := self._analysis.output(step)) is None:
            raise KeyError(step)
        return found

    def __iter__(self) -> Iterator[str]:
        raise NotImplementedError("outputs are only looked up")

    def __len__(self) -> int:
        raise NotImplementedError("outputs are only looked up")


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
    """Whether a literal, as canonical JSON, stands in the request as words of its own, or says nothing.

    A number stands there as a number: 50 in "50.00 EUR", but neither in "50.5" nor in "item-50".
    """
    value = json.loads(literal)
    if value in (None, True, False, "") and not _is_number(value):
        return True
    if _is_number(value):
        said = (match[0].replace(",", "") for match in NUMBER.finditer(request))
        return any(Decimal(one) == Decimal(literal) for one in said)
    words = re.escape(value if isinstance(value, str) else literal)
    return re.search(rf"{BEFORE}{words}{AFTER}", request, re.IGNORECASE) is not None


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
