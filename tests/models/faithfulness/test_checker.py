"""The checker: what supports a claim, what stands in no source, and what it costs at most."""

import asyncio
import json
import time
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.embeddings.names import resolve
from models.faithfulness.checker import FeatureChecker
from models.faithfulness.classifier import ARTEFACT, classifier
from models.faithfulness.features import strange_quantities
from models.faithfulness.numbers import quantities
from models.faithfulness.reading import MAX_EVIDENCE, Read, pieces
from models.offline.vectors import Remembered
from state.errors import UsageError
from state.support import Support

EVIDENCE = [
    "Customers may return a product within 30 days of delivery. Return shipping costs 4.90 EUR.",
    "The warehouse in Hamburg opened in 1998 and employs 240 people.",
    "Treatment with the drug increased survival in mice. It had no effect on weight.",
]


@cache
def checker(kind: str = "default") -> FeatureChecker:
    return FeatureChecker(Remembered(resolve()), kind)


def support(claim: str, *evidence: str, kind: str = "default") -> Support:
    return checker(kind).support(claim, evidence or EVIDENCE)


@pytest.mark.parametrize("kind", classifier().kinds)
@pytest.mark.parametrize("sentence", ["Return shipping costs 4.90 EUR.", "It had no effect on weight."])
def test_a_sentence_of_the_evidence_is_supported(sentence: str, kind: str) -> None:
    found = support(sentence, kind=kind)
    assert (found.verdict, found.flags) == ("supported", ())


@given(st.integers(0, 10**6).filter(lambda number: number not in (30, 5, 1998, 240, 4, 90)))
@settings(max_examples=15, deadline=None)
def test_another_number_is_flagged_and_lowers_the_score(number: int) -> None:
    claim = "Customers may return any product within {} days of its delivery."
    right, wrong = support(claim.format(30)), support(claim.format(number))
    assert wrong.score < right.score
    assert [(flag.text, flag.kind) for flag in wrong.flags] == [(str(number), "number")]


@pytest.mark.parametrize(
    ("claim", "text", "kind"),
    [
        ("The warehouse in Bremen opened in 1998.", "Bremen", "name"),
        ("Customers may return a product within 30 weeks of delivery.", "30", "unit"),
        ("Treatment with the drug decreased survival in mice.", "decreased", "direction"),
        ("Customers may not return a product within 30 days of delivery.", "not", "negation"),
    ],
)
def test_what_stands_in_no_source_is_shown_where_it_stands(claim: str, text: str, kind: str) -> None:
    found = support(claim)
    assert [(flag.text, flag.kind) for flag in found.flags] == [(text, kind)]
    assert all(claim[flag.start : flag.end] == flag.text for flag in found.flags)


@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=3))
@settings(max_examples=60, deadline=None)
def test_any_text_has_a_verdict(claim: str, evidence: list[str]) -> None:
    found = checker().support(claim, evidence)
    assert 0 <= found.score <= 1
    assert all(claim[flag.start : flag.end] == flag.text for flag in found.flags)


@given(st.permutations(EVIDENCE))
@settings(max_examples=6, deadline=None)
def test_the_order_of_the_evidence_does_not_matter(evidence: list[str]) -> None:
    claim = "The Hamburg warehouse has employed 240 people since 1998 and takes back products."
    assert support(claim, *evidence) == support(claim)


def test_nothing_supports_and_nothing_is_supported() -> None:
    assert checker().support("Tea is hot.", []).verdict == "unsupported"
    assert checker().support("Tea is hot.", ["", " "]).score == 0
    assert checker().support(" ", EVIDENCE).verdict == "unsure"


@pytest.mark.parametrize("filler", ["x" * 1_000_000, "a b. " * 200_000, "Tea 5. " * 150_000, '"' * 1_000_000])
def test_a_megabyte_of_evidence_is_read_in_bounded_time(filler: str) -> None:
    checker().support("warm", EVIDENCE)
    begun = time.perf_counter()
    found = checker().support("Return shipping costs 4.90 EUR for tea.", [*EVIDENCE, filler])
    assert time.perf_counter() - begun < 10
    assert found.score > 0
    read = pieces([filler, "x"], "tea a b")
    assert sum(len(one.text) for one in read) <= MAX_EVIDENCE


def test_a_check_leaves_the_event_loop_free() -> None:
    async def both() -> tuple[Support, int]:
        task, turns = asyncio.create_task(checker().check("Tea is served in Hamburg.", EVIDENCE)), 0
        while not task.done():
            turns += 1
            await asyncio.sleep(0)
        return (await task).support, turns

    found, turns = asyncio.run(both())
    assert turns > 5
    assert found == support("Tea is served in Hamburg.")


def test_numbers_are_compared_by_what_they_may_mean() -> None:
    for said, given_ in [
        ("2 people", "two people"),
        ("1,000", "1000"),
        ("3 million", "3,000,000"),
        ("5%", "5 percent"),
    ]:
        assert strange_quantities(Read(said), [Read(given_)]) == []
    assert [why for _, why in strange_quantities(Read("5 mg"), [Read("5 kg")])] == ["unit"]
    assert [one.values for one in quantities("In 2015 twelve")] == [{"2015."}, {"12."}]


def test_the_artefact_is_what_its_card_says() -> None:
    report = json.loads(ARTEFACT.read_text(encoding="utf-8"))
    card = ARTEFACT.with_name("CARD.md").read_text(encoding="utf-8")
    from evals.support.__main__ import table

    assert table(report) in card
    assert all(len(one["digest"]) == 64 for one in report["sets"].values())
    with pytest.raises(UsageError, match="Use one of"):
        classifier().kind("poetry")
