"""Faithfulness without a language model: the share of an answer's claims that what they cite supports.

Advisory: the classifier compares words, numbers and directions, not meanings. `python -m evals.support`
measures it; docs/faithfulness.md has the figures.
"""

from collections.abc import Iterable, Mapping
from functools import cache

from evals.cases.case import Case
from evals.scores import Score
from evals.trajectory import Trajectory
from models.embeddings.names import resolve
from models.faithfulness.checker import FeatureChecker
from models.offline.vectors import Remembered
from state.schema import Json
from state.support import Support


def faithfulness(_case: Case, trajectory: Trajectory) -> list[Score]:
    """Supported claims among those decided, None if all are unsure; nothing for an answer without claims."""
    answer = trajectory.answer
    judged = list(_judged(answer)) if isinstance(answer, Mapping) else []
    if not judged:
        return []
    of: dict[str, list[Json]] = {"supported": [], "unsupported": [], "unsure": []}
    for text, support in judged:
        of[support.verdict].append(text)
    decided = len(of["supported"]) + len(of["unsupported"])
    return [
        Score(
            name="faithfulness",
            value=len(of["supported"]) / decided if decided else None,
            passed=not of["unsupported"] if decided else None,
            gates=False,
            reason=f"{_found(judged)} Advisory: it compares words and numbers, not meanings.",
            detail={"claims": len(judged), "unsupported": of["unsupported"], "unsure": of["unsure"]},
        )
    ]


def _found(judged: list[tuple[str, Support]]) -> str:
    lines = [
        f"{'no support for' if support.verdict == 'unsupported' else 'unsure of'}: {text:.200}"
        + "".join(f" [{flag.text}: {flag.reason}]" for flag in support.flags[:5])
        for text, support in judged
        if support.verdict != "supported"
    ]
    return "; ".join(lines) + "." if lines else "every claim has support."


def _judged(answer: Mapping[str, Json]) -> Iterable[tuple[str, Support]]:
    """Each claim with the verdict that the run recorded, or else with one on the quotes that it cites."""
    for claim in answer.get("claims") or ():
        if isinstance(claim, Mapping) and isinstance(text := claim.get("text"), str):
            if isinstance(recorded := claim.get("support"), Mapping):
                yield text, Support.model_validate(recorded)
                continue
            cited = [cite for cite in claim.get("citations") or () if isinstance(cite, Mapping)]
            quotes = [quote for cite in cited if isinstance(quote := cite.get("quote"), str)]
            yield text, _checker().support(text, quotes)


@cache
def _checker() -> FeatureChecker:
    return FeatureChecker(Remembered(resolve()))
