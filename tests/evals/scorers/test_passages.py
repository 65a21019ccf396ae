"""Relevance, information density and detail: by hand, and what must always hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.cases.case import Case, Expectation, ExpectedAnswer
from evals.scorers.passages import density, detail, relevance
from evals.scores import Score
from evals.trajectory import Retrieved, Trajectory

SPANS = ("30 days from delivery", "Return shipping costs\n4.90 EUR")
CASE = Case(id="c", input="?", expect=Expectation(spans=SPANS))


def run(*texts: str, answer: str = "") -> Trajectory:
    names = tuple(map(str, range(len(texts))))
    return Trajectory(retrieved=(Retrieved(names, names, texts),) if texts else (), answer=answer)


def one(scores: list[Score]) -> Score:
    (score,) = scores
    return score


def test_relevance_counts_spans_however_they_are_spaced() -> None:
    found = one(relevance(CASE, run("You have 30\n  days FROM delivery.", "Nothing.")))
    assert found.value == 0.5
    assert found.passed is None
    assert found.reason == "not retrieved: 'Return shipping costs\\n4.90 EUR'"
    assert one(relevance(CASE, run(*SPANS))).value == 1
    assert one(relevance(CASE, run())).value == 0


def test_density_is_a_share_of_the_characters() -> None:
    text = "30 days from delivery"
    assert one(density(CASE, run(text + "." * len(text)))).value == 0.5
    assert one(density(CASE, run(text, text))).value == 1  # one passage, retrieved twice
    assert one(density(CASE, run("nothing"))).value == 0
    assert one(density(CASE, run())).value is None
    assert one(density(CASE, run(""))).value is None


def test_spans_that_overlap_count_once() -> None:
    both = Case(id="c", input="?", expect=Expectation(spans=("a b", "b c")))
    assert one(density(both, run("a b c"))).value == 1


def test_detail_is_of_the_answer() -> None:
    expected = Expectation(answer=ExpectedAnswer(contains=("3 months",)), details=("14 °dH", "3 months"))
    case = Case(id="c", input="?", expect=expected)
    assert one(detail(case, run(answer="Every 3\nMonths."))).value == 0.5
    assert one(detail(case, run(answer="Every 3 months; above 14 °dH more often."))).value == 1
    assert "not said: '14 °dH'" in one(detail(case, run(answer="no"))).reason


def test_what_a_case_does_not_expect_is_not_scored() -> None:
    free = Case(id="c", input="?")
    assert [*relevance(free, run("text")), *density(free, run("text")), *detail(free, run("text"))] == []


@given(st.lists(st.text("ab ."), max_size=4), st.lists(st.text("ab .", min_size=1), min_size=1, max_size=4))
def test_values_lie_between_0_and_1(texts: list[str], spans: list[str]) -> None:
    case = Case(id="c", input="?", expect=Expectation(spans=tuple(spans), details=tuple(spans)))
    scores = [
        *relevance(case, run(*texts)),
        *density(case, run(*texts)),
        *detail(case, run(answer="".join(texts))),
    ]
    assert all(0 <= score.value <= 1 for score in scores if score.value is not None)


def test_a_passage_more_never_lowers_relevance_and_one_less_never_density_of_the_rest() -> None:
    few, more = run(SPANS[0]), run(SPANS[0], "Something else.")
    assert one(relevance(CASE, more)).value == one(relevance(CASE, few)).value
    assert (one(density(CASE, more)).value or 0) < (one(density(CASE, few)).value or 0)
    assert one(density(CASE, more)).value == pytest.approx(21 / 36)
