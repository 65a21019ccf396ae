"""Answering with sentences of the evidence: the ones that answer best, each with its exact quote, or none."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.offline import outputs
from models.offline.abstention import Calibration, signals
from models.offline.arithmetic import calculation
from models.offline.clauses import Clause, clauses, content, follow_up
from models.offline.data import Facts, fill
from models.offline.outputs import Output
from models.offline.prompt import AnswerPrompt
from models.offline.rarity import coverage
from models.offline.relevance import Question, Scored, rank
from models.offline.units import MAX_CHARS, Unit, units
from models.offline.vectors import Remembered
from models.text import terms
from state.draft import MAX_MISSING, Draft, DraftClaim, Quote

MAX_CLAIMS = 8
MAX_PASSAGES = 100
MAX_EVIDENCE_CHARS = 200_000
"""Characters of evidence that are read; what comes later, the search ranked lower."""
SENTENCES = 3
"""Sentences for one question; SENTENCES_EACH where there are several."""
SENTENCES_EACH = 2
MARGIN = 0.05
"""A further sentence may score this much less than the best one."""
MAX_LIST = 8
LIST_COVERAGE = 0.6
"""A list is given as a whole if its heading holds this share of the question's words."""
SHORT_ITEM = 8
"""Words of an item that needs its heading to be understood."""
DANGLING = re.compile(
    r"(?:in (?:all|any|that|this|these|those|both|such|the) (?:other )?cases?|otherwise|however|but|then"
    r"|instead|it|they|this|these|those|that|he|she|such|both|also|therefore|thus|so|if so|if not)\b",
    re.IGNORECASE,
)
"""Begins a sentence that cannot be understood without the one before."""
SAME_WORDS = 0.7
SAME_MEANING = 0.93
NOT_A_MODEL = (
    "This is Warrant's offline model, not a language model: it can only quote what the evidence says."
)
CLAIM_PATH = re.compile(r"^/claims/(?P<index>\d+)(?:/|$)")


@dataclass(frozen=True)
class Reading:
    """The evidence, read."""

    passages: list[list[Unit]]
    outputs: list[Output]


@dataclass(frozen=True)
class Part:
    """What was found for one clause of the request; no claims where the evidence is too weak."""

    clause: Clause
    claims: list[DraftClaim]


def answer(prompt: AnswerPrompt, embedder: Remembered, calibration: Calibration) -> Draft:
    """A draft whose quotes are exact parts of the evidence; the same prompt gives the same draft."""
    reading = read(prompt)
    earlier = follow_up(prompt.request, prompt.history)
    asked = clauses(prompt.request, earlier=earlier)
    parts = _parts(asked, earlier, reading, embedder, calibration)
    claims = _without(_distinct(claim for part in parts for claim in part.claims), prompt)
    missing = _missing(parts, claims, prompt)
    if prompt.data_schema is None:
        return Draft(claims=claims, missing=missing)
    facts = Facts(prompt.request, claims, reading.outputs, reading.passages, embedder)
    return Draft(claims=claims, missing=missing, data=fill(prompt.data_schema, facts))


def read(prompt: AnswerPrompt) -> Reading:
    """Split the evidence into units and outputs, within MAX_EVIDENCE_CHARS."""
    passages: list[list[Unit]] = []
    found: list[Output] = []
    left = MAX_EVIDENCE_CHARS
    for evidence in prompt.evidence[:MAX_PASSAGES]:
        if min(len(evidence.text), MAX_CHARS) > left:
            continue
        left -= min(len(evidence.text), MAX_CHARS)
        if output := outputs.output(evidence):
            found.append(output)
            passages.append(outputs.passages(output))
        else:
            passages.append(units(evidence))
    return Reading([passage for passage in passages if passage], found)


def _parts(
    asked: Sequence[Clause], earlier: str, reading: Reading, embedder: Remembered, calibration: Calibration
) -> list[Part]:
    parts = []
    for clause in asked:
        mine = [output for output in reading.outputs if _settles(output, clause, asked)]
        claims = [claim for output in mine for claim in outputs.claims(output, clause.text)]
        if not claims or _asks_more(clause, mine):
            count = SENTENCES if len(asked) == 1 else SENTENCES_EACH
            full = f"{earlier} {clause.alone}".strip() if not claims else clause.text
            claims += _quotes(Question.of(full), reading.passages, embedder, calibration, count)
        parts.append(Part(clause, claims))
    cited = {quote.passage for part in parts for claim in part.claims for quote in claim.citations}
    rest = [output for output in reading.outputs if output.evidence.id not in cited]
    return [*parts, *(Part(Clause(""), outputs.claims(output, "")) for output in rest)]


def _settles(output: Output, clause: Clause, asked: Sequence[Clause]) -> bool:
    """Whether a tool was called for this clause: a value of it stands there, or its fields are asked for."""
    if isinstance(output.value, dict) and "expression" in output.value:
        found = calculation(clause.core)
        return found is not None and found.expression == output.value["expression"]
    words = set(content(clause.text))
    return output.mentions(clause.text) or len(asked) == 1 or (bool(words) and words <= output.terms())


def _asks_more(clause: Clause, mine: Sequence[Output]) -> bool:
    """Whether the clause asks for more than the outputs are about."""
    known = {term for output in mine for term in output.terms()}
    own = [
        term
        for term in content(clause.text)
        if term not in known and not any(char.isdigit() for char in term)
    ]
    return len(own) > 2 and calculation(clause.core) is None


def _quotes(
    question: Question, passages: list[list[Unit]], embedder: Remembered, calibration: Calibration, count: int
) -> list[DraftClaim]:
    ranked = rank(question, passages, embedder)
    if calibration.probability(signals(question, passages, ranked)) < calibration.threshold:
        return []
    if listed := _list(question, ranked[0].unit, passages):
        return _enumerated(listed)
    chosen = [one.unit for one in _chosen(ranked, count)]
    order = list(dict.fromkeys(unit.passage for unit in chosen))
    whole = {unit: None for one in chosen for unit in (*_before(one, passages), one)}
    return [_claim(unit) for unit in sorted(whole, key=lambda unit: (order.index(unit.passage), unit.start))]


def _before(unit: Unit, passages: list[list[Unit]]) -> list[Unit]:
    """The sentence before, if this one dangles without it."""
    if unit.kind != "sentence" or not DANGLING.match(unit.text):
        return []
    earlier = [one for passage in passages for one in passage if one.passage == unit.passage]
    at = earlier.index(unit)
    return [earlier[at - 1]] if at and earlier[at - 1].kind == "sentence" else []


def _list(question: Question, best: Unit, passages: list[list[Unit]]) -> list[Unit]:
    """The whole list of the best unit, if it is an item and the list's heading says what is asked."""
    if best.kind != "item" or coverage(question.words, terms(f"{best.heading} {best.lead}")) < LIST_COVERAGE:
        return []
    place = (best.passage, best.heading, best.lead)
    every = [unit for passage in passages for unit in passage if unit.kind == "item"]
    return [unit for unit in every if (unit.passage, unit.heading, unit.lead) == place][:MAX_LIST]


def _enumerated(items: list[Unit]) -> list[DraftClaim]:
    """One claim for a list of a few words each, otherwise one for each item."""
    if any(len(unit.text.split()) > SHORT_ITEM for unit in items):
        return [_claim(unit) for unit in items]
    head = _claim(items[0])
    quotes = [*head.citations, *(Quote(passage=unit.passage, quote=unit.quote) for unit in items[1:])]
    return [DraftClaim(text="; ".join([head.text, *(unit.text for unit in items[1:])]), citations=quotes)]


def _chosen(ranked: Sequence[Scored], count: int) -> list[Scored]:
    """The best unit and those nearly as good that say something else."""
    chosen: list[Scored] = []
    for one in ranked:
        if len(chosen) == count or (chosen and one.score < chosen[0].score - MARGIN):
            break
        if not any(_same(one, other) for other in chosen):
            chosen.append(one)
    return chosen


def _same(one: Scored, other: Scored) -> bool:
    mine, yours = set(terms(one.unit.text)), set(terms(other.unit.text))
    shared = len(mine & yours) / max(1, len(mine | yours))
    return shared >= SAME_WORDS or float(one.vector @ other.vector) >= SAME_MEANING


def _claim(unit: Unit) -> DraftClaim:
    lead = [Quote(passage=unit.passage, quote=unit.lead)] if unit.lead else []
    head = f"{unit.lead} " if unit.lead else f"{unit.heading}: " if _needs_heading(unit) else ""
    text = " ".join(f"{head}{unit.text}".split())
    return DraftClaim(text=text, citations=[*lead, Quote(passage=unit.passage, quote=unit.quote)])


def _needs_heading(unit: Unit) -> bool:
    """A few words do; but a number of a title need not stand in the passage, and then nothing supports it."""
    few = unit.short and unit.kind != "row" and len(unit.text.split()) <= SHORT_ITEM
    return few and unit.heading != "" and not any(char.isdigit() for char in unit.heading)


def _distinct(claims: Iterable[DraftClaim]) -> list[DraftClaim]:
    return list({claim.text: claim for claim in claims}.values())[:MAX_CLAIMS]


def _without(claims: list[DraftClaim], prompt: AnswerPrompt) -> list[DraftClaim]:
    """Leave out claims that were found to be wrong in the last draft."""
    paths = [CLAIM_PATH.match(complaint.path) for complaint in prompt.violations]
    wrong = {int(path["index"]) for path in paths if path}
    return [claim for index, claim in enumerate(claims) if index not in wrong]


def _missing(parts: Sequence[Part], claims: Sequence[DraftClaim], prompt: AnswerPrompt) -> str | None:
    failed = list(dict.fromkeys(f"{one.tool} failed: {one.error}" for one in prompt.failed))
    open_parts = [part.clause.text for part in parts if not part.claims and part.clause.text]
    if claims and not open_parts and not failed:
        return None
    if not parts and not failed:
        return f"The request asks nothing. {NOT_A_MODEL}"
    asked = "; ".join(f'"{text[:200]}"' for text in open_parts) or "the request"
    gap = [f"The evidence does not answer {asked}."] if open_parts or not claims else []
    said, room = " ".join([*failed, *gap]), MAX_MISSING - len(NOT_A_MODEL) - 1
    return f"{said if len(said) <= room else said[: room - 1] + '…'} {NOT_A_MODEL}"
