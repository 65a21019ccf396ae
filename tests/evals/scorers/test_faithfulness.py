"""Faithfulness by the classifier."""

from typing import Any

from evals.cases.case import Case
from evals.scorers.faithfulness import faithfulness
from evals.trajectory import Trajectory

CASE = Case(id="c", input="?")
QUOTE = "Customers may return a product within 30 days of delivery."


def claim(text: str, *quotes: str, **more: Any) -> dict[str, Any]:
    return {"text": text, "citations": [{"passage": "p", "quote": quote} for quote in quotes], **more}


def recorded(verdict: str) -> dict[str, Any]:
    return claim("Tea.", "Tea", support={"score": 0.5, "verdict": verdict, "flags": [], "by": "features"})


def test_a_claim_is_judged_by_its_own_quotes() -> None:
    claims = [claim(QUOTE, QUOTE), claim("Elephants in Kenya eat 150 kg a day.", QUOTE)]
    (found,) = faithfulness(CASE, Trajectory(answer={"claims": claims}))
    assert (found.value, found.passed, found.gates) == (0.5, False, False)
    assert "150: this number stands in no source" in found.reason


def test_a_recorded_verdict_is_taken_and_unsure_is_counted_apart() -> None:
    answer = {"claims": [recorded("supported"), recorded("unsure")]}
    (found,) = faithfulness(CASE, Trajectory(answer=answer))
    assert (found.value, found.passed) == (1.0, True)
    assert found.detail["unsure"] == ["Tea."]


def test_an_answer_of_which_all_is_unsure_has_no_value() -> None:
    (found,) = faithfulness(CASE, Trajectory(answer={"claims": [recorded("unsure")]}))
    assert (found.value, found.passed) == (None, None)


def test_an_answer_without_claims_has_no_faithfulness() -> None:
    for answer in (
        None,
        "text",
        {"text": "x"},
        {"claims": []},
        {"claims": None},
        {"claims": ["x", {"text": 1}]},
    ):
        assert faithfulness(CASE, Trajectory(answer=answer)) == []
