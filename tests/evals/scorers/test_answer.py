"""Scorers of the answer."""

from typing import Any

import pytest

from evals.cases.case import Case, Expectation, ExpectedAnswer
from evals.scorers.answer import abstained, answer, citations_resolved, outputs_said, schema_valid
from evals.trajectory import Call, Retrieved, Trajectory


def case(**expected: Any) -> Case:
    return Case(id="c", input="?", expect=Expectation(answer=ExpectedAnswer(**expected)))


def given(text: str, *citations: tuple[str, str, str], data: Any = None) -> dict[str, Any]:
    cited = [{"passage": passage, "source": source, "quote": quote} for passage, source, quote in citations]
    return {"text": text, "claims": [{"text": text, "citations": cited}] if cited else [], "data": data}


RETURNS = given("Returns take 30 days.", ("p1", "docs/returns.md", "30 days"))


@pytest.mark.parametrize(
    ("expected", "passed"),
    [
        ({"contains": ["30 DAYS"]}, True),
        ({"contains": ["30  days", "returns"]}, True),
        ({"contains": ["31 days"]}, False),
        ({"excludes": ["31 days"]}, True),
        ({"excludes": ["30 days"]}, False),
        ({"equals": "returns take 30 days."}, True),
        ({"equals": "Returns take 30 days"}, False),
        ({"matches": r"\b30 days\b"}, True),
        ({"matches": r"\b3 days\b"}, False),
        ({"matches": "(unclosed"}, False),
        ({"claims": ["30 days"], "cites": ["returns.md"]}, True),
        ({"claims": ["45 days"]}, False),
        ({"cites": ["shipping.md"]}, False),
        ({"abstains": False}, True),
        ({"abstains": True}, False),
    ],
)
def test_the_answer_is_what_is_expected(expected: dict[str, Any], passed: bool) -> None:
    (score,) = answer(case(**expected), Trajectory(answer=RETURNS))
    assert score.passed is passed
    assert bool(score.reason) is not passed


def test_every_problem_is_said() -> None:
    (score,) = answer(case(contains=["a1", "b2"], cites=["c3"]), Trajectory(answer="nothing"))
    assert all(text in score.reason for text in ("a1", "b2", "c3"))


def test_a_claim_without_a_citation_is_none() -> None:
    uncited = {"text": "30 days", "claims": [{"text": "30 days", "citations": []}], "data": None}
    (score,) = answer(case(claims=["30 days"]), Trajectory(answer=uncited))
    assert score.passed is False


def test_typed_data_is_checked_by_schema_and_by_value() -> None:
    schema = {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}
    run = Trajectory(answer=given("58.4", data={"total": 58.4}))
    assert answer(case(data_schema=schema, data={"total": 58.4}), run)[0].passed
    assert answer(case(data={"total": 58.5}), run)[0].passed is False
    assert answer(case(data_schema={"required": ["sum"], "type": "object"}), run)[0].passed is False


def test_data_may_be_the_text_of_an_agent_without_typed_answers() -> None:
    asked = Case(id="c", input="?", answer_schema={"type": "object", "required": ["total"]})
    assert schema_valid(asked, Trajectory(answer='{"total": 1}'))[0].passed
    assert schema_valid(asked, Trajectory(answer="one"))[0].passed is False
    assert schema_valid(Case(id="c", input="?"), Trajectory(answer="one")) == []


def test_whether_a_bare_text_abstains_is_not_known() -> None:
    assert abstained(Trajectory(answer="I do not know.")) is None
    assert abstained(Trajectory(answer=given("I cannot answer this."))) is True
    assert abstained(Trajectory(answer=given("58.4", data=58.4))) is False
    assert answer(case(abstains=True), Trajectory(answer="I do not know."))[0].passed is False


def test_outputs_are_compared_without_commas_and_case() -> None:
    asked = Case(id="c", input="?", expect=Expectation(outputs=("1628", "JFK")))
    assert outputs_said(asked, Trajectory(said=("It is $1,628.", "from jfk")))[0].passed
    (score,) = outputs_said(asked, Trajectory(said=("It is $1,628.",)))
    assert score.passed is False
    assert "JFK" in score.reason
    assert outputs_said(Case(id="c", input="?"), Trajectory()) == []


def test_a_quote_that_stands_nowhere_is_not_resolved() -> None:
    two = given("…", ("p1", "d.md", "30 days"), ("p1", "d.md", "45 days"))
    found = Retrieved(("p1",), ("d.md",), ("Returns take 30 days.",))
    (score,) = citations_resolved(case(), Trajectory(answer=two, retrieved=(found,)))
    assert score.value == 0.5
    assert score.passed is False
    assert "45 days" in score.reason


def test_a_step_is_cited_by_the_canonical_form_of_its_output() -> None:
    cited = given("…", ("s1", "step:s1", '"status":"delivered"'))
    called = Call("order_status", {}, output={"total": 1, "status": "delivered"})
    assert citations_resolved(case(), Trajectory(answer=cited, calls=(called,)))[0].value == 1
    failed = Call("order_status", {}, output={"status": "delivered"}, error="no such order")
    assert citations_resolved(case(), Trajectory(answer=cited, calls=(failed,)))[0].value == 0
    assert citations_resolved(case(), Trajectory(answer="no claims")) == []
