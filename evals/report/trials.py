"""Trials and cases as the page lists them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from evals.cases.case import Case
from evals.scores import Score
from evals.suites.results import Trial
from evals.trajectory import Call
from state.schema import Json

MOST_CHARS = 2_000
"""Of a reason, an input or an answer."""


def listed_case(case: str, known: Case | None, tags: Sequence[str]) -> dict[str, Json]:
    """A case: what was asked, and what is expected where the run's folder says so."""
    return {
        "id": case,
        "tags": list(tags),
        "input": "" if known is None else _short(known.input),
        "note": None if known is None else known.note,
    }


def listed_trial(
    trial: Trial, case: Case | None, calls: Sequence[Call] | None, trace: int | None
) -> dict[str, Any]:
    """A trial: how it went, why, and which trace of the page shows it."""
    return {
        "trial": trial.trial,
        "status": trial.status,
        "error": trial.error and _short(trial.error),
        "passed": trial.passed,
        "scores": [_score(score) for score in trial.scores],
        "labels": list(trial.labels),
        "diff": [
            _pair(pair, case, calls)
            for score in trial.scores
            if score.name == "tool_calls"
            for pair in _pairs(score)
        ],
        "seconds": trial.seconds,
        "tokens": trial.usage.input_tokens + trial.usage.output_tokens,
        "cost": trial.usage.cost_usd,
        "answer": _short(trial.answer),
        "trace_id": trial.trace_id,
        "trace": trace,
    }


def _score(score: Score) -> dict[str, Json]:
    return {
        "name": score.name,
        "value": score.value,
        "passed": score.passed,
        "gates": score.gates,
        "reason": _short(score.reason),
    }


def _pairs(score: Score) -> list[Mapping[str, Json]]:
    found = score.detail.get("calls")
    return [pair for pair in found if isinstance(pair, dict)] if isinstance(found, list) else []


def _pair(pair: Mapping[str, Json], case: Case | None, calls: Sequence[Call] | None) -> dict[str, Json]:
    """What was expected beside what was done; both stand in the score as positions."""
    expected = (case.expect.calls or ()) if case else ()
    return {
        "verdict": pair.get("verdict"),
        "why": _short(pair.get("why") or ""),
        "expected": _call(pair.get("expected"), expected),
        "actual": _call(pair.get("actual"), calls or ()),
    }


def _call(at: Json, calls: Sequence[Any]) -> dict[str, Json] | None:
    """A call at a position; its position alone where it is not at hand; as it is where it is no position."""
    if not isinstance(at, int):
        return None if at is None else {"tool": "", "args": _short(at)}
    if not 0 <= at < len(calls):
        return {"tool": f"call {at + 1}", "args": ""}
    return {"tool": calls[at].tool, "args": _short(calls[at].args)}


def _short(value: Json) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
    return text if len(text) <= MOST_CHARS else f"{text[: MOST_CHARS - 1]}…"
