"""The measures: by hand, against trec_eval's figures, and what must always hold."""

from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.retrieval.judgements import Span, merged
from evals.retrieval.metrics import CHARACTERS, Found, by_document, by_passage

GRADES = {"a": 3, "b": 2, "c": 1, "d": 0}
# pytrec_eval-terrier 0.5.11 on the ranking a, b, c … t.
TREC_GRADES = {"a": 1, "c": 2, "k": 4, "m": 1, "z": 1, "e": 0}
EXPECTED = {"ndcg_cut_10": 0.30397960035078325, "recall_10": 0.4, "recall_100": 0.8, "P_10": 0.2}
NAMES = [chr(97 + at) for at in range(20)]


def test_by_hand() -> None:
    found = by_document(["x", "b", "a"], GRADES)
    ideal = 3 + 2 / log2(3) + 1 / 2
    assert found == {
        "ndcg_at_10": pytest.approx((2 / log2(3) + 3 / 2) / ideal),
        "recall_at_10": pytest.approx(2 / 3),
        "recall_at_100": pytest.approx(2 / 3),
        "mrr_at_10": 0.5,
        "precision_at_10": 0.2,
    }
    exponential = by_document(["x", "b", "a"], GRADES, "exponential")["ndcg_at_10"]
    assert exponential == pytest.approx((3 / log2(3) + 7 / 2) / (7 + 3 / log2(3) + 1 / 2))


def test_as_trec_eval_says() -> None:
    found = by_document(NAMES, TREC_GRADES)
    assert found["ndcg_at_10"] == pytest.approx(EXPECTED["ndcg_cut_10"], abs=1e-12)
    assert found["recall_at_10"] == pytest.approx(EXPECTED["recall_10"], abs=1e-12)
    assert found["recall_at_100"] == pytest.approx(EXPECTED["recall_100"], abs=1e-12)
    assert found["precision_at_10"] == pytest.approx(EXPECTED["P_10"], abs=1e-12)


def test_what_lies_beyond_ten_counts_for_recall_at_100_only() -> None:
    found = by_document([*NAMES[5:17], "a"], {"a": 1})
    assert found["recall_at_100"] == 1
    assert found["ndcg_at_10"] == found["mrr_at_10"] == found["recall_at_10"] == 0


def test_nothing_relevant_has_no_measure() -> None:
    with pytest.raises(ValueError, match="nothing is relevant"):
        by_document(["a"], {"a": 0})
    with pytest.raises(ValueError, match="twice"):
        by_document(["a", "a"], {"a": 1})
    with pytest.raises(ValueError, match="nothing is relevant"):
        by_passage([], [])


judged = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 4), min_size=1).filter(
    lambda grades: any(grades.values())
)
ranked = st.lists(st.sampled_from(NAMES), unique=True)


@given(judged, ranked, st.sampled_from(["linear", "exponential"]))
def test_measures_lie_between_0_and_1(grades: dict[str, int], ranking: list[str], gain: str) -> None:
    assert all(0 <= value <= 1 + 1e-12 for value in by_document(ranking, grades, gain).values())  # type: ignore[arg-type]


@given(judged)
def test_the_perfect_ranking_is_perfect(grades: dict[str, int]) -> None:
    best = sorted(grades, key=grades.__getitem__, reverse=True)
    found = by_document(best, grades)
    assert found["ndcg_at_10"] == pytest.approx(1)
    assert found["mrr_at_10"] == found["recall_at_100"] == 1


@given(judged, ranked, st.integers(0, 18))
def test_moving_a_better_document_up_never_lowers_a_measure(
    grades: dict[str, int], ranking: list[str], at: int
) -> None:
    if at + 1 >= len(ranking) or grades.get(ranking[at + 1], 0) < grades.get(ranking[at], 0):
        return
    swapped = [*ranking[:at], ranking[at + 1], ranking[at], *ranking[at + 2 :]]
    before, after = by_document(ranking, grades), by_document(swapped, grades)
    assert all(after[name] >= before[name] - 1e-12 for name in before)


def test_passages_by_hand() -> None:
    spans = [Span("one", 100, 200), Span("two", 0, 100)]
    found = by_passage([Found("one", 300, 800), Found("one", 150, 650), Found("two", 50, 1_050)], spans)
    assert found["hit_at_1"] == 0
    assert found["mrr_at_10"] == 0.5
    # 500 + 500 + 1,000 characters are read: 50 of the first span, 50 of the second.
    assert found["recall_in_2000"] == pytest.approx(0.5)
    assert found["density_in_2000"] == pytest.approx(100 / 2_000)


def test_the_last_passage_is_read_in_part() -> None:
    spans = [Span("one", 1_900, 2_100)]
    assert by_passage([Found("one", 0, 5_000)], spans)["recall_in_2000"] == pytest.approx(0.5)


def test_what_is_read_twice_counts_once_as_found() -> None:
    spans = [Span("one", 0, 100)]
    found = by_passage([Found("one", 0, 100), Found("one", 0, 100)], spans)
    assert found["recall_in_2000"] == 1
    assert found["density_in_2000"] == pytest.approx(0.5)


span = st.tuples(st.sampled_from("ab"), st.integers(0, 3_000), st.integers(1, 900)).map(
    lambda one: (one[0], one[1], one[1] + one[2])
)


@given(st.lists(span, min_size=1, max_size=6), st.lists(span, max_size=12))
def test_passage_measures_agree_with_sets_of_characters(
    spans: list[tuple[str, int, int]], passages: list[tuple[str, int, int]]
) -> None:
    relevant = {(one, at) for one, start, end in spans for at in range(start, end)}
    read = [(one, at) for one, start, end in passages for at in range(start, end)][:CHARACTERS]
    found = by_passage([Found(*one) for one in passages], merged([Span(*one) for one in spans]))
    seen = len(relevant & set(read))
    assert found["recall_in_2000"] == pytest.approx(seen / len(relevant))
    assert found["density_in_2000"] == pytest.approx(seen / len(read) if read else 0)
