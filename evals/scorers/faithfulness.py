"""Faithfulness without a model: the share of an answer's claims that the quotes they cite support.

A baseline, and advisory: it compares words and numbers, so it takes a denial for support where the words
are the same, and a paraphrase for none. `python -m benchmarks.faithfulness` measures it.
"""

from collections.abc import Iterable, Mapping, Sequence

from evals.cases.case import Case
from evals.scores import Score
from evals.trajectory import Trajectory
from models.faithfulness.numbers import strange_numbers
from models.text import terms
from state.schema import Json

LEAST_OVERLAP = 0.65
"""Chosen on BEGIN, SciFact and WiCE together, by the mean of their balanced accuracies."""


def overlap(claim: str, evidence: Iterable[str]) -> float:
    """Share of the claim's different index terms that stand in the evidence; 0 for a claim without any."""
    said, given = set(terms(claim)), {term for text in evidence for term in terms(text)}
    return len(said & given) / len(said) if said else 0.0


def supported(claim: str, evidence: Sequence[str], least: float = LEAST_OVERLAP) -> bool:
    """Whether the evidence has the claim's numbers, all of them, and enough of its words."""
    return not strange_numbers(claim, evidence) and overlap(claim, evidence) >= least


def faithfulness(_case: Case, trajectory: Trajectory) -> list[Score]:
    """The share of claims that their own citations support; nothing for an answer without claims."""
    answer = trajectory.answer
    claims = list(_claims(answer)) if isinstance(answer, Mapping) else []
    if not claims:
        return []
    unsupported = [text for text, quotes in claims if not supported(text, quotes)]
    value = 1 - len(unsupported) / len(claims)
    found = "; ".join(f"no support for: {text:.200}" for text in unsupported) or "every claim has support"
    return [
        Score(
            name="faithfulness",
            value=value,
            passed=not unsupported,
            gates=False,
            reason=f"{found}. Advisory: it compares words and numbers, not meanings.",
            detail={"claims": len(claims), "unsupported": list(unsupported)},
        )
    ]


def _claims(answer: Mapping[str, Json]) -> Iterable[tuple[str, list[str]]]:
    for claim in answer.get("claims") or ():
        if isinstance(claim, Mapping) and isinstance(text := claim.get("text"), str):
            cited = [cite for cite in claim.get("citations") or () if isinstance(cite, Mapping)]
            yield text, [quote for cite in cited if isinstance(quote := cite.get("quote"), str)]
