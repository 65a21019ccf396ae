"""Planning by rule: look-ups and calculations that the request spells out, a search for everything else."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from unicodedata import normalize

from models.offline.arguments import Source, fill
from models.offline.arithmetic import Calculation, calculation
from models.offline.clauses import COMMAND, Clause, clauses, content, follow_up, stems
from models.offline.instruction import ordered, verbs
from models.offline.naming import name_terms, tool_terms
from models.offline.prompt import Finished, PlanPrompt, Tool
from models.text import terms
from state.canonical import canonical
from state.plan import Plan, Step
from state.schema import violations

MAX_STEPS = 6
MAX_QUERY = 1_000
RESIDUAL_TERMS = 2
"""So many words beside a look-up or a calculation are a question of their own."""
ASKING = re.sub(r"[|\[\]]", " ", COMMAND) + " status know want need please number id current"
STEP_PATH = re.compile(r"^/steps/(?P<index>\d+)(?:/|$)")
DONE = "done"


@dataclass(frozen=True)
class Call:
    """A call that the request seems to ask for."""

    tool: str
    args: dict[str, Any]
    why: str

    @property
    def key(self) -> str:
        """Equal for equal calls."""
        return canonical([self.tool, self.args])


@dataclass(frozen=True)
class Toolbox:
    """The offered tools by what a rule can do with them."""

    searches: tuple[tuple[Tool, str], ...]
    """Retrieving tools, each with the argument that takes the question."""
    calculators: tuple[Tool, ...]
    readers: tuple[Tool, ...]
    changers: tuple[Tool, ...]

    @classmethod
    def of(cls, tools: Iterable[Tool]) -> "Toolbox":
        """Sort the tools by their schemas and effects."""
        tools = tuple(tools)
        searches = tuple(
            (tool, name) for tool in tools if tool.retrieves and (name := _question_argument(tool))
        )
        calculators = tuple(tool for tool in tools if not tool.retrieves and _calculates(tool))
        rest = [tool for tool in tools if not tool.retrieves and tool not in calculators]
        return cls(
            searches,
            calculators,
            tuple(tool for tool in rest if tool.effect == "read"),
            tuple(tool for tool in rest if tool.effect != "read"),
        )


def plan(prompt: PlanPrompt) -> Plan:
    """The plan for a request; empty if no offered tool can help.

    The same prompt gives the same plan. Calls that already ran in this turn are not repeated, and steps of
    the last plan that were found to be wrong are left out.
    """
    calls = list(_distinct(_calls(prompt)))
    kept = _accepted(calls[:MAX_STEPS], prompt)
    return Plan(steps=_numbered(kept, prompt.finished))


def _calls(prompt: PlanPrompt) -> Iterator[Call]:
    box = Toolbox.of(prompt.tools)
    failed = {canonical([f.tool, f.args]) for f in prompt.finished if f.status != DONE}
    earlier = follow_up(prompt.request, prompt.history)
    before = [turn.content for turn in prompt.history if turn.role == "user"][-1:]
    commands = [verb for tool in box.changers for verb in verbs(tool)]
    for clause in clauses(prompt.request, commands, earlier):
        asked = replace(clause, context=f"{earlier} {clause.context}".strip())
        calls = list(_of_clause(asked, before, box))
        failing = any(call.key in failed for call in calls)
        yield from (_search(asked.alone, box) if failing or not calls else ())
        yield from calls
        before = [*before, clause.text]


def _of_clause(clause: Clause, before: Sequence[str], box: Toolbox) -> Iterator[Call]:
    """Calls that the clause spells out, and a search for what is left of it."""
    if orders := _orders(clause, before, box):
        yield from orders
        return
    known: set[str] = set()
    calls, values = _lookups(clause, before, box.readers)
    yield from calls
    rest = normalize("NFKC", clause.text) if values else clause.text
    for tool in box.readers:
        known |= tool_terms(tool) if any(call.tool == tool.name for call in calls) else set()
    for value in values:
        rest = re.sub(re.escape(value), " ", rest, flags=re.IGNORECASE)
    if box.calculators and (found := calculation(clause.core)):
        yield _calculate(found, box.calculators[0])
        return
    own = {term for term in content(rest) if term not in known | stems(ASKING)}
    if calls and len(own) < RESIDUAL_TERMS:
        return
    yield from _search(f"{clause.context} {rest}" if not calls else rest, box)


def _search(question: str, box: Toolbox) -> Iterator[Call]:
    query = " ".join(question.split())[-MAX_QUERY:].strip()
    for tool, argument in box.searches[:1]:
        limit = tool.input_schema["properties"][argument].get("maxLength", MAX_QUERY)
        yield Call(tool.name, {argument: query[:limit].strip()}, f"The documents may answer: {query[:200]}")


def _calculate(found: Calculation, tool: Tool) -> Call:
    return Call(tool.name, {"expression": found.expression}, f"The request asks for {found.phrase}."[:300])


def _orders(clause: Clause, before: Sequence[str], box: Toolbox) -> list[Call]:
    """Calls that change something, if the clause orders them and gives every number in it a place."""
    for tool in box.changers:
        if ordered(clause, tool):
            calls, values = _filled(tool, clause.text)
            if not calls and clause.anaphoric and before:
                calls, values = _filled(tool, f"{before[-1]} {clause.text}")
                calls = calls if len(calls) == 1 else []
            alike = len({frozenset(call.args) for call in calls}) == 1
            if alike and not _unused_digits(clause.text, [*values, *_numbers(calls[0])]):
                return calls
    return []


def _numbers(call: Call) -> list[str]:
    """Numbers among the arguments, as the request may have written them."""
    numbers = [value for value in call.args.values() if isinstance(value, int | float)]
    return [
        form for number in numbers for form in (f"{number:.2f}", f"{number:,.2f}", f"{number:,}", str(number))
    ]


def _unused_digits(text: str, values: Sequence[str]) -> bool:
    for value in sorted(values, key=len, reverse=True):
        text = re.sub(re.escape(value), " ", text, flags=re.IGNORECASE)
    return any(char.isdigit() for char in text)


def _lookups(clause: Clause, before: Sequence[str], readers: Sequence[Tool]) -> tuple[list[Call], list[str]]:
    """Calls of the reading tool that fits best, one for each value; and the values."""
    texts = [clause.text]
    if clause.anaphoric or clause.context:
        texts += [text for text in (*before[::-1], clause.context) if text]
    for text in texts:
        found = [(tool, *_filled(tool, text)) for tool in readers if _relevant(tool, text, clause)]
        usable = [(tool, calls, values) for tool, calls, values in found if calls]
        if usable:
            _, calls, values = max(usable, key=lambda entry: _affinity(entry[0], clause.text))
            return calls, values
    return [], []


def _filled(tool: Tool, text: str) -> tuple[list[Call], list[str]]:
    source, calls = Source(text), list[Call]()
    while len(calls) < MAX_STEPS:
        known = len(source.strong)
        args = fill(tool.input_schema, source)
        if args is None or (calls and len(source.strong) == known):
            break
        named = ", ".join(map(str, args.values()))
        calls.append(Call(tool.name, args, f"The request names {named}."[:300]))
    return calls, source.words


def _relevant(tool: Tool, text: str, clause: Clause) -> bool:
    """Whether the tool is meant: a code that only it takes, or the words of its name."""
    source = Source(text)
    if fill(tool.input_schema, source) is None:
        return False
    named, described = _affinity(tool, clause.text)
    return (
        bool(source.strong)
        or named >= min(2, len(set(name_terms(tool.name))))
        or (named > 0 and described > 1)
    )


def _affinity(tool: Tool, text: str) -> tuple[int, int]:
    words = set(terms(text))
    return len(words & set(name_terms(tool.name))), len(words & tool_terms(tool))


def _question_argument(tool: Tool) -> str:
    """The argument for the question: the only required one, if it is free text."""
    required = tool.input_schema.get("required", [])
    properties = tool.input_schema.get("properties", {})
    name = str(required[0]) if len(required) == 1 else ""
    return name if properties.get(name, {}).get("type") == "string" else ""


def _calculates(tool: Tool) -> bool:
    return tool.effect == "read" and _question_argument(tool) == "expression"


def _distinct(calls: Iterable[Call]) -> Iterator[Call]:
    seen: set[str] = set()
    for call in calls:
        if call.key not in seen:
            seen.add(call.key)
            yield call


def _accepted(calls: Sequence[Call], prompt: PlanPrompt) -> list[Call]:
    """Leave out what already ran, what breaks its schema, and what the review found wrong."""
    schemas = {tool.name: tool.input_schema for tool in prompt.tools}
    ran = {canonical([finished.tool, finished.args]) for finished in prompt.finished}
    fresh = [call for call in calls if call.key not in ran]
    paths = [STEP_PATH.match(complaint.path) for complaint in prompt.violations]
    wrong = {int(path["index"]) for path in paths if path}
    if prompt.violations and not all(paths):
        readable = {tool.name for tool in prompt.tools if tool.retrieves}
        wrong |= {index for index, call in enumerate(fresh) if call.tool not in readable}
    return [
        call
        for index, call in enumerate(fresh)
        if index not in wrong and not violations(schemas[call.tool], call.args)
    ]


def _numbered(calls: Sequence[Call], finished: Sequence[Finished]) -> list[Step]:
    """Steps with ids that no finished step has."""
    taken = {one.step for one in finished}
    ids = (name for number in range(1, len(taken) + len(calls) + 1) if (name := f"s{number}") not in taken)
    return [
        Step(id=name, tool=call.tool, args=call.args, why=call.why)
        for name, call in zip(ids, calls, strict=False)
    ]
