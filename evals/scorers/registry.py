"""The scorers by name, and scoring a run by all of them."""

import importlib
from collections.abc import Iterable

from evals.cases.case import Case
from evals.scorers.answer import answer, citations_resolved, outputs_said, schema_valid
from evals.scorers.bounds import bounds, costs, retries
from evals.scorers.calls import tool_calls
from evals.scorers.faithfulness import faithfulness
from evals.scorers.outcome import outcome, verdicts
from evals.scorers.passages import density, detail, relevance
from evals.scorers.plan import plan_adherence
from evals.scorers.retrieval import retrieval
from evals.scores import Score, Scorer
from evals.trajectory import Trajectory
from state.errors import UsageError

SCORERS: dict[str, Scorer] = {
    "tool_calls": tool_calls,
    "plan_adherence": plan_adherence,
    "answer": answer,
    "outputs_said": outputs_said,
    "schema_valid": schema_valid,
    "citations_resolved": citations_resolved,
    "faithfulness": faithfulness,
    "outcome": outcome,
    "verdicts": verdicts,
    "retrieval": retrieval,
    "relevance": relevance,
    "density": density,
    "detail": detail,
    "bounds": bounds,
    "costs": costs,
    "retries": retries,
}
"""What a suite scores by unless it names scorers."""


def find(name: str) -> Scorer:
    """A scorer of SCORERS, or one of your own by `module:function`.

    Raises:
        UsageError: there is none of this name.
    """
    if name in SCORERS:
        return SCORERS[name]
    module, _, function = name.partition(":")
    try:
        own: Scorer = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        known = ", ".join(SCORERS)
        raise UsageError(
            f"There is no scorer {name!r}: {error}.", f"Use one of {known}, or module:function."
        ) from error
    return own


def score(case: Case, trajectory: Trajectory, scorers: Iterable[Scorer] | None = None) -> list[Score]:
    """Every score of a run, in the order of the scorers."""
    chosen = SCORERS.values() if scorers is None else scorers
    return [one for scorer in chosen for one in scorer(case, trajectory)]


def passed(scores: Iterable[Score]) -> bool:
    """Whether every gating demand is met."""
    return all(one.passed is not False for one in scores if one.gates)
