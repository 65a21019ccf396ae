"""Cases that ask the same are found, and no split leaks."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from evals.cases.case import Case
from evals.cases.duplicates import ALIKE, groups, pairs, split

WORDS = st.lists(st.sampled_from(["refund", "order", "my", "the", "12", "7", "late"]), max_size=8)
CASES = st.lists(st.tuples(WORDS, st.sampled_from([None, None, "trace"]), st.booleans()), max_size=12).map(
    lambda drawn: [
        Case(id=str(at), input=" ".join(words), source=source, tags=("group:g",) if tagged else ())
        for at, (words, source, tagged) in enumerate(drawn)
    ]
)


def jaccard(one: Case, other: Case) -> float:
    def words(case: Case) -> set[tuple[str, int]]:
        found = str(case.input).split() or [""]
        return {(word, found[:at].count(word)) for at, word in enumerate(found)}

    return len(words(one) & words(other)) / len(words(one) | words(other))


@given(CASES, st.sampled_from([0.5, 0.75, 0.9, 1.0]))
def test_the_pairs_are_those_of_brute_force(cases: list[Case], least: float) -> None:
    expected = {(a, b) for a, b in combinations(range(len(cases)), 2) if jaccard(cases[a], cases[b]) >= least}
    assert {(pair.first, pair.second) for pair in pairs(cases, least)} == expected


def test_letter_case_punctuation_and_white_space_do_not_matter() -> None:
    [pair] = pairs([Case(id="a", input="Refund  WR-1042!"), Case(id="b", input="refund wr 1042")])
    assert pair == (0, 1, 1.0)
    assert not pairs([Case(id="a", input="Refund WR-1042"), Case(id="b", input="Refund WR-1043")])


@given(CASES, st.floats(0, 1))
def test_nothing_alike_is_on_both_sides(cases: list[Case], share: float) -> None:
    first, second = split(cases, share)
    assert sorted(case.id for case in first + second) == sorted(case.id for case in cases)
    for one in first:
        for other in second:
            assert jaccard(one, other) < ALIKE
            assert one.source is None or one.source != other.source
            assert not set(one.tags) & set(other.tags)


@given(CASES, st.floats(0, 1))
def test_an_added_case_moves_no_other_one(cases: list[Case], share: float) -> None:
    if not cases or len(set(groups(cases))) < len(set(groups(cases[:-1]))):
        return  # the last one ties two groups together
    before, after = split(cases[:-1], share), split(cases, share)
    assert [[case for case in side if case is not cases[-1]] for side in after] == list(before)


def test_words_that_are_repeated_count_as_often_as_they_stand() -> None:
    refund = " ".join(["refund"] * 6)
    assert groups([Case(id="0", input=refund), Case(id="1", input=f"{refund} late")]) == [0, 0]


def test_inputs_that_differ_by_a_number_stay_together() -> None:
    cases = [Case(id=str(n), input=f"What is the status of order WR-{n}?") for n in range(1000, 1030)]
    assert set(groups(cases)) == {0}
    assert sorted(map(len, split(cases, 0.5))) == [0, 30]
