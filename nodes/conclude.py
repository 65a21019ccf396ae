"""Conclude: fills the typed answer by code, as the plan says, so that no model speaks."""

from dataclasses import dataclass

from nodes.evidence import evidence
from state.agent import AgentState, Ending, HasRead, Terms
from state.answer import Answer, Citation, Claim
from state.canonical import canonical
from state.expression import ExpressionError, Scope, evaluate
from state.passage import Passage
from state.plan import Plan, StepResult, uses
from state.schema import Json, violations

QUOTED = 200
"""Characters of a step's output that a citation quotes."""


class ConcludeView(HasRead):
    """The plan's answer, and what it is made of."""

    plan: dict[str, Json]
    results: dict[str, Json]
    terms: Terms


@dataclass(frozen=True)
class Conclude:
    """Computes the answer; one that breaks the caller's schema ends the run."""

    async def __call__(self, state: ConcludeView) -> AgentState:
        """Evaluate the answer over the outputs, and validate it."""
        plan = Plan.model_validate(state["plan"])
        results = [StepResult.model_validate(result) for result in state["results"].values()]
        outputs = {one.step: one.output for one in results if one.status == "done"}
        try:
            data = evaluate(plan.answer, Scope(outputs))
        except ExpressionError as error:
            return {"ending": Ending(outcome="failed", reason=_unfilled(str(error), results))}
        if broken := violations(state["terms"]["answer_schema"] or {}, data):
            first = f"{broken[0].path or 'answer'}: {broken[0].message}"
            return {"ending": Ending(outcome="failed", reason=_unfilled(first, results))}
        return {"answer": _answer(plan, data, evidence(results), results).model_dump(mode="json")}


def _answer(plan: Plan, data: Json, found: list[Passage], results: list[StepResult]) -> Answer:
    """One claim for each member of the answer, which cites the steps that it is made of."""
    members = data if isinstance(data, dict) else {"answer": data}
    parts = plan.answer if isinstance(plan.answer, dict) and plan.answer.keys() == members.keys() else {}
    said = {name: f"{name}: {said_as(value)}" for name, value in members.items()}
    claims = []
    for name, text in said.items():
        steps = uses(parts.get(name, plan.answer))
        citations = [_cited(one) for one in found if one.id.partition(".")[0] in steps]
        if citations:
            claims.append(Claim(text=text, citations=tuple(citations)))
    claimed = {claim.text for claim in claims}
    rest = [text for text in said.values() if text not in claimed]
    rejected = [f"{one.tool} was not called: {one.error}." for one in results if one.status == "rejected"]
    return Answer(
        text="\n".join([*(c.text for c in claims), *rest, *rejected]), claims=tuple(claims), data=data
    )


def said_as(value: Json) -> str:
    """A value as an answer shows it."""
    if isinstance(value, list):
        return ", ".join(map(said_as, value))
    return " ".join(value.split()) if isinstance(value, str) else canonical(value)


def _cited(one: Passage) -> Citation:
    quote = one.text[:QUOTED]
    return Citation(
        passage=one.id, source=one.source, quote=quote, start=one.start, end=one.start + len(quote)
    )


def _unfilled(problem: str, results: list[StepResult]) -> str:
    rejected = [f" {one.tool} was not called: {one.error}." for one in results if one.status == "rejected"]
    return f"The typed answer cannot be filled: {problem}.{''.join(rejected)}"
