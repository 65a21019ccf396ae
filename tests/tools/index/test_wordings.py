from hypothesis import given
from hypothesis import strategies as st

from state.passage import Passage, Scores
from tools.index.wordings import merge


def result(*ids: str, score: float = 0.0) -> list[Passage]:
    return [Passage(id=id_, text=id_, source="s", scores=Scores(score=score)) for id_ in ids]


def test_one_result_stays_as_it_is() -> None:
    assert merge([result("b", "a", "c")], 2) == result("b", "a")


def test_what_several_wordings_find_goes_first_and_keeps_its_best_scores() -> None:
    merged = merge([result("a", "b", score=1), result("b", "c", score=2)], 5)
    assert [one.id for one in merged] == ["b", "a", "c"]
    assert merged[0].scores.score == 2


@given(st.lists(st.lists(st.sampled_from("abcdef"), unique=True), min_size=1), st.integers(0, 6))
def test_nothing_is_lost_invented_or_repeated(ids: list[list[str]], count: int) -> None:
    merged = [one.id for one in merge([result(*each) for each in ids], count)]
    every = {one for each in ids for one in each}
    assert len(merged) == len(set(merged)) == min(count, len(every))
    assert set(merged) <= every
