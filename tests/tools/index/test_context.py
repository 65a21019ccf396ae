from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from state.canonical import digest_text
from state.passage import Passage, Scores
from tools.index.context import Context, widen

TEXT = "Alpha one.  Beta two.\n\nGamma three. Delta four.\n\nEpsilon five. Zeta six."
SENTENCES = [(0, 10), (12, 21), (23, 35), (36, 47), (49, 62), (63, 72)]
TITLES = [("A",), ("A",), ("B",), ("B",), ("B",), ("C",)]


def passage(place: int, text: str = TEXT, source: str = "s") -> Passage:
    start, end = SENTENCES[place]
    return Passage(
        id=f"{source}{place}",
        text=text[start:end],
        source=source,
        title=TITLES[place],
        start=start,
        end=end,
        digest=digest_text(text[start:end]),
        labels=("hr",),
        scores=Scores(score=1 / (1 + place)),
    )


ALL = [passage(place) for place in range(len(SENTENCES))]


def widened(places: list[int], context: Context, chars: int = 1_000) -> list[Passage]:
    return widen([ALL[place] for place in places], [ALL] * len(places), {"s": TEXT}, context, chars)


def test_none_changes_nothing() -> None:
    assert widened([3, 1], "none") == [ALL[3], ALL[1]]


def test_neighbours_are_the_passage_before_and_the_one_after() -> None:
    (found,) = widened([1], "neighbours")
    assert found.text == "Alpha one.  Beta two.\n\nGamma three."
    assert (found.id, found.title, found.labels, found.scores) == ("s1", ("A",), ("hr",), ALL[1].scores)


def test_a_section_is_what_stands_below_the_same_headings() -> None:
    assert [one.text for one in widened([3], "section")] == [TEXT[23:62]]


def test_it_grows_by_whole_passages_up_to_the_bound_and_what_was_found_is_never_cut() -> None:
    assert [one.text for one in widened([3], "neighbours", 26)] == [TEXT[36:62]]
    assert [one.text for one in widened([3], "neighbours", 24)] == [TEXT[23:47]]
    assert widened([3], "section", 1) == [ALL[3]]


def test_passages_that_overlap_are_merged_where_the_best_of_them_stood() -> None:
    found = widened([5, 1, 0], "neighbours")
    assert [(one.id, one.text) for one in found] == [("s5", TEXT[49:72]), ("s1", TEXT[0:35])]


def test_passages_of_other_sources_and_of_absent_ones_are_left_apart() -> None:
    other = passage(1, source="t")
    found = widen([ALL[1], other], [ALL, []], {"s": TEXT}, "neighbours", 1_000)
    assert [one.id for one in found] == ["s1", "t1"]
    assert found[1] == other


@given(
    st.lists(st.integers(0, len(SENTENCES) - 1), unique=True),
    st.sampled_from(["neighbours", "section"]),
    st.integers(1, 100),
)
def test_what_comes_out_is_exact_holds_what_was_found_and_never_overlaps(
    places: list[int], context: Context, chars: int
) -> None:
    found = widened(places, context, chars)
    assert all(one.text == TEXT[one.start : one.end] and one.digest == digest_text(one.text) for one in found)
    for place in places:
        assert sum(one.start <= ALL[place].start and ALL[place].end <= one.end for one in found) == 1
    spans = sorted((one.start, one.end) for one in found)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert [one.id for one in found] == [
        f"s{place}" for place in places if f"s{place}" in {one.id for one in found}
    ]
