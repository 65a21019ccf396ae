"""Faithfulness by words and numbers."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from evals.cases.case import Case
from evals.scorers.faithfulness import faithfulness, overlap, supported
from evals.trajectory import Trajectory

CASE = Case(id="c", input="?")


def claim(text: str, *quotes: str) -> dict[str, Any]:
    return {"text": text, "citations": [{"passage": "p", "quote": quote} for quote in quotes]}


def test_a_claim_is_supported_by_its_own_quotes_words_and_numbers() -> None:
    quote = "Customers may return a product within 30 days of delivery."
    assert supported("Products can be returned by customers within 30 days.", [quote])
    assert not supported("Products can be returned by customers within 60 days.", [quote])
    assert not supported("Shipping is free for members.", [quote])
    answer = {"claims": [claim("Return within 30 days.", quote), claim("Free shipping.", quote)]}
    (found,) = faithfulness(CASE, Trajectory(answer=answer))
    assert (found.value, found.passed, found.gates) == (0.5, False, False)
    assert "Free shipping." in found.reason


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


@given(st.text(max_size=40), st.lists(st.text(max_size=40), max_size=3), st.text(max_size=40))
def test_more_evidence_never_lowers_the_overlap(said: str, evidence: list[str], more: str) -> None:
    assert 0 <= overlap(said, evidence) <= overlap(said, [*evidence, more]) <= 1
