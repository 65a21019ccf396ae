"""Verify: keeps of a draft what its citations support."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from models.faithfulness.numbers import strange_numbers
from nodes.evidence import evidence
from nodes.refusal import refused
from nodes.supporting import Supporting
from state.agent import AgentState, Ending, HasRead, Rounds, Terms
from state.answer import Answer, Citation, Claim
from state.draft import Draft, DraftClaim, Quote
from state.passage import Passage
from state.plan import StepResult
from state.schema import MAX_VIOLATIONS, Json, Violation, violations
from state.usage import Usage

ABSTENTION = "I cannot answer this from the evidence I found."


class VerifyView(HasRead):
    """The draft and the evidence of this run."""

    request: str
    draft: dict[str, Json] | None
    attempts: list[dict[str, Json]]
    results: dict[str, Json]
    rounds: Rounds
    terms: Terms
    usage: dict[str, Json]


@dataclass(frozen=True)
class Checked:
    """The claims that stand, and why the others, or some of their citations, do not."""

    claims: list[Claim]
    violations: list[Violation]
    places: list[int] = field(default_factory=list)
    """Where in the draft each claim stands."""
    usage: Usage = field(default_factory=Usage)
    """What checking them cost."""


@dataclass(frozen=True)
class Verify:
    """Drops what is not supported; a draft that breaks its schema or loses every claim goes back."""

    supporting: Supporting | None = None
    """Judges the claims that stand; None leaves them unjudged."""

    async def __call__(self, state: VerifyView) -> AgentState:
        """Check the draft against its schema and against the evidence."""
        results = [StepResult.model_validate(result) for result in state["results"].values()]
        if state["draft"] is None:
            broken = [Violation.model_validate(v) for v in state["attempts"][-1]["violations"]]
            return _back(broken, broken, state, None)
        draft = Draft.model_validate(state["draft"])
        if not draft.claims and (ending := refused(draft.missing or "")):
            return {"ending": ending}
        found = evidence(results)
        kept = checked(draft, found, state["request"])
        if self.supporting is not None and kept.claims:
            kept = await _judged(kept, found, self.supporting, Usage.model_validate(state["usage"]))
        spent: AgentState = {"usage": kept.usage.model_dump()} if kept.usage != Usage() else {}
        known = [state["request"], *(passage.text for passage in found), *(one.error for one in results)]
        if strange := strange_numbers(draft.missing or "", known):
            kept.violations.append(_stands_nowhere("/missing", strange))
            draft = draft.model_copy(update={"missing": None})
        broken = _data(draft.data, state["terms"])
        lost = kept.violations if draft.claims and not kept.claims else []
        answer = _answer(kept.claims, draft, results)
        if broken or lost:
            back = _back([*broken, *lost], [*broken, *kept.violations], state, None if broken else answer)
            return {**back, **spent}
        return {**_passed(answer, kept.violations), **spent}


def checked(draft: Draft, found: list[Passage], request: str) -> Checked:
    """Resolve every citation by its exact quote; each claim needs one.

    A number of a claim must stand in the passages it cites or in the request: most numbers that stand in no
    source are wrong. It is compared by value, without sign and unit; a number in words is not seen.
    """
    passages = {passage.id: passage for passage in found}
    claims: list[Claim] = []
    places: list[int] = []
    problems: list[Violation] = []
    for index, claim in enumerate(draft.claims):
        citations = list(_resolved(claim.citations, passages))
        problems += _unresolved(index, claim, passages)
        texts = [request, *(passages[citation.passage].text for citation in citations)]
        if citations and (strange := strange_numbers(claim.text, texts)):
            problems.append(_stands_nowhere(f"/claims/{index}/text", strange))
        elif citations and claim.text.strip():
            claims.append(Claim(text=" ".join(claim.text.split()), citations=tuple(citations)))
            places.append(index)
    return Checked(claims, problems, places)


async def _judged(kept: Checked, found: list[Passage], supporting: Supporting, spent: Usage) -> Checked:
    """The claims with the verdict on them; one judged unsupported is dropped where policy says so."""
    said = await supporting(kept.claims, {passage.id: passage for passage in found}, spent)
    claims, places, problems = list[Claim](), list[int](), list(kept.violations)
    rows = zip(kept.claims, kept.places, said.verdicts, said.problems, strict=True)
    for claim, place, support, problem in rows:
        path = f"/claims/{place}/text"
        if problem:
            problems.append(Violation(path=path, message=problem))
        if support is not None and support.verdict == "unsupported" and supporting.drops:
            problems.append(Violation(path=path, message="the cited evidence does not support it"))
            continue
        claims.append(claim.model_copy(update={"support": support}))
        places.append(place)
    return Checked(claims, problems, places, said.usage)


def _resolved(quotes: list[Quote], passages: dict[str, Passage]) -> Iterator[Citation]:
    for quote in quotes:
        passage = passages.get(quote.passage)
        if passage is not None and quote.quote.strip() and (at := passage.text.find(quote.quote)) >= 0:
            start = passage.start + at
            yield Citation(
                passage=passage.id,
                source=passage.source,
                quote=quote.quote,
                start=start,
                end=start + len(quote.quote),
            )


def _unresolved(index: int, claim: DraftClaim, passages: dict[str, Passage]) -> Iterator[Violation]:
    if not claim.text.strip():
        yield Violation(path=f"/claims/{index}/text", message="the claim says nothing")
    if not claim.citations:
        yield Violation(path=f"/claims/{index}/citations", message="the claim cites nothing")
    for at, quote in enumerate(claim.citations):
        path = f"/claims/{index}/citations/{at}"
        if quote.passage not in passages:
            yield Violation(path=path, message=f"there is no evidence with the id {quote.passage[:80]!r}")
        elif not quote.quote.strip() or quote.quote not in passages[quote.passage].text:
            yield Violation(path=path, message=f"the quote is not in the text of {quote.passage!r}")


def _stands_nowhere(path: str, numbers: str) -> Violation:
    return Violation(path=path, message=f"{numbers} stands in no cited evidence")


def _data(data: Json, terms: Terms) -> list[Violation]:
    schema = terms["answer_schema"]
    if schema is None:
        return []
    return [Violation(path=f"/data{v.path}", message=v.message) for v in violations(schema, data)]


def _answer(claims: list[Claim], draft: Draft, results: list[StepResult]) -> Answer:
    notes = [f"{r.tool} was not called: {r.error}." for r in results if r.status == "rejected"]
    lines = [claim.text for claim in claims] or ([] if notes or draft.missing else [ABSTENTION])
    missing = [draft.missing] if draft.missing else []
    return Answer(text="\n".join([*lines, *notes, *missing]), claims=tuple(claims), data=draft.data)


def _passed(answer: Answer, recorded: list[Violation]) -> AgentState:
    return {"answer": answer.model_dump(mode="json"), "feedback": [], "violations": _recorded(recorded)}


def _back(
    feedback: list[Violation], recorded: list[Violation], state: VerifyView, otherwise: Answer | None
) -> AgentState:
    """Send the draft back, or, when the bound is reached, take what is left of it or fail."""
    rounds = state["rounds"]
    if rounds["answer"] < state["terms"]["answer_retries"]:
        return {
            "feedback": [violation.model_dump() for violation in feedback[:MAX_VIOLATIONS]],
            "violations": _recorded(recorded),
            "rounds": {**rounds, "answer": rounds["answer"] + 1},
        }
    if otherwise is not None:
        return _passed(otherwise, recorded)
    first = f"{feedback[0].path or 'answer'}: {feedback[0].message}"
    reason = f"No valid answer after {rounds['answer'] + 1} model calls; the last one violates {first}."
    said = state["attempts"][-1]["text"] if state["draft"] is None else ""
    ending = refused(said) or Ending(outcome="failed", reason=reason)
    return {"violations": _recorded(recorded), "ending": ending}


def _recorded(found: list[Violation]) -> list[dict[str, Json]]:
    return [{"at": "answer", **violation.model_dump()} for violation in found[:MAX_VIOLATIONS]]
