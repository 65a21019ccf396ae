"""Verify: what a draft claims must stand, word for word and number for number, in what it cites."""

import asyncio
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nodes.evidence import evidence
from nodes.verify import ABSTENTION, Verify, VerifyView, checked
from state.agent import Rounds, Terms
from state.draft import Draft
from state.passage import Passage
from state.plan import StepResult
from state.schema import MAX_VIOLATIONS


def passage(text: str, id_: str = "p1", start: int = 0, **more: Any) -> Passage:
    return Passage(id=id_, text=text, source=f"{id_}.md", start=start, end=start + len(text), **more)


def claim(text: str, *quotes: tuple[str, str]) -> dict[str, Any]:
    return {"text": text, "citations": [{"passage": id_, "quote": quote} for id_, quote in quotes]}


def draft(*claims: dict[str, Any], missing: str | None = None, data: Any = None) -> dict[str, Any]:
    return {"claims": list(claims), "missing": missing, "data": data}


def stands(text: str, source: str, request: str = "") -> bool:
    given = Draft.model_validate(draft(claim(text, ("p1", source))))
    return bool(checked(given, [passage(source)], request).claims)


@given(st.text(max_size=20), st.text(min_size=1, max_size=20), st.text(max_size=20), st.integers(0, 10**6))
@example("ab", "aba", "ba", 7)
def test_a_citation_is_the_quote_at_its_place_in_the_source(
    before: str, quote: str, after: str, start: int
) -> None:
    found = passage(before + quote + after, start=start)
    kept = checked(Draft.model_validate(draft(claim("Yes.", ("p1", quote)))), [found], "")
    if quote.strip():
        [citation] = kept.claims[0].citations
        assert found.text[citation.start - start : citation.end - start] == citation.quote == quote
    else:
        assert kept.claims == []


@pytest.mark.parametrize(
    "quote", ["Tea ", "tea", "Tea  is", "T\u200bea", "Теа", " ", "\n", "Tea\nis", "Tea is hot. And"]
)
def test_a_quote_that_is_not_there_exactly_is_dropped(quote: str) -> None:
    text = "Tea, is hot.\n\n Tea\tis" if quote == "Tea " else "Tea is hot.\n And so"
    kept = checked(Draft.model_validate(draft(claim("Yes.", ("p1", quote)))), [passage(text)], "")
    assert kept.claims == []
    assert [(v.path, v.message) for v in kept.violations] == [
        ("/claims/0/citations/0", "the quote is not in the text of 'p1'")
    ]


def test_a_quote_that_stands_twice_is_cited_where_it_stands_first() -> None:
    kept = checked(
        Draft.model_validate(draft(claim("x", ("p1", "aba")))), [passage("ababa aba", start=5)], ""
    )
    assert (kept.claims[0].citations[0].start, kept.claims[0].citations[0].end) == (5, 8)


def test_of_mixed_citations_the_good_ones_stay_and_the_others_are_recorded() -> None:
    mixed = claim("Hot.", ("p1", "hot"), ("p1", "cold"), ("p9", "hot"), ("p2", "hot"))
    kept = checked(Draft.model_validate(draft(mixed)), [passage("hot"), passage("hot too", "p2")], "")
    assert [citation.passage for citation in kept.claims[0].citations] == ["p1", "p2"]
    assert [violation.path for violation in kept.violations] == [
        "/claims/0/citations/1",
        "/claims/0/citations/2",
    ]


def test_a_claim_that_cites_or_says_nothing_is_dropped() -> None:
    given = Draft.model_validate(
        draft(claim("Hot."), claim(" \n", ("p1", "hot")), claim("Hot.", ("p1", "hot")))
    )
    kept = checked(given, [passage("hot")], "")
    assert [violation.path for violation in kept.violations] == ["/claims/0/citations", "/claims/1/text"]
    assert len(kept.claims) == 1


def test_a_claim_is_one_line_whatever_it_holds() -> None:
    kept = checked(
        Draft.model_validate(draft(claim("a\nb\u2028c\r\n [x]", ("p1", "hot")))), [passage("hot")], ""
    )
    assert kept.claims[0].text == "a b c [x]"


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("1000", "1,000"),
        ("1,000", "1000"),
        ("1000", "1.000"),
        ("1,234,567.50", "1234567.5"),
        ("1.234.567,50", "1234567.5"),
        ("4.9 EUR", "4.90 EUR"),
        ("2,5 kg", "2.5 kg"),
        ("January 5, 2026", "2026-01-05"),
        ("the 3rd", "3 of them"),
        ("30%", "30 percent"),
        ("٣ days", "3 days"),
        ("version 1.2.3", "v1.2.3"),
        ("0.50", ".50 and 0.5"),
        ("10", "10."),
        ("three days", "a few days"),
        ("x² and ½", "area"),
        ("B2B", "B2B"),
    ],
)
def test_numbers_are_compared_by_value(said: str, source: str) -> None:
    assert stands(said, source)


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("15 days", "1,5 days"),
        ("1 day", "1,000 days"),
        ("1000", "100"),
        ("100", "1000"),
        ("4.09", "4.9"),
        ("0.5", "5"),
        ("5", "0.5"),
        ("10", "1.0"),
        ("31%", "30%"),
        ("٤ days", "3 days"),
        ("1.2.4", "1.2.3"),
        ("2026-02-05", "2026-01-05"),
        ("DE89370400440532013001", "DE89370400440532013000"),
        ("99999999999999999999999999999999", "99999999999999999999999999999998"),
        ("1,00,000", "100000"),
    ],
)
def test_a_number_that_stands_in_no_source_drops_the_claim(said: str, source: str) -> None:
    assert not stands(said, source)


def test_a_number_may_come_from_the_request_or_from_another_part_of_the_passage() -> None:
    assert stands("Yes, for 42 boxes.", "any number of boxes", request="Is it allowed for 42 boxes?")
    given = Draft.model_validate(draft(claim("30 days.", ("p1", "returned"))))
    assert checked(given, [passage("returned within 30 days")], "").claims


def test_a_number_of_a_passage_that_is_not_cited_does_not_count() -> None:
    given = Draft.model_validate(draft(claim("30 days.", ("p1", "soon"))))
    assert checked(given, [passage("soon"), passage("30 days", "p2")], "").claims == []


@given(st.integers(0, 10**12), st.sampled_from(["{}", "{:,}", "{}.0", "{}%", "({})", "{:,}.00", "0{}"]))
def test_however_an_integer_is_written_it_is_itself(number: int, form: str) -> None:
    assert stands(str(number), form.format(number))


@given(st.text(st.sampled_from("0123456789.,٣ -"), max_size=12))
def test_a_text_supports_itself(text: str) -> None:
    assert stands(f"x {text}", f"x {text}")


def result(output: Any, step: str = "s1", status: str = "done", **more: Any) -> dict[str, Any]:
    fields = {"step": step, "tool": "tool", "args": {}, "status": status, "output": output, **more}
    return StepResult.model_validate(fields).model_dump(mode="json")


def verified(proposed: Any, *results: dict[str, Any], schema: Any = None, used: int = 0, **more: Any) -> Any:
    terms = Terms(model="", plan_retries=0, answer_retries=1, replans=0, passages=1, answer_schema=schema)
    view = VerifyView(
        request="",
        draft=proposed,
        attempts=more.get("attempts", []),
        results={one["step"]: one for one in results},
        rounds=Rounds(plan=0, replan=0, answer=used),
        terms=terms,
    )
    return asyncio.run(Verify()(view))


@pytest.mark.parametrize("said", ["I'm sorry, but I can't help with that.", "Dabei kann ich nicht helfen."])
def test_a_draft_that_refuses_is_no_answer(said: str) -> None:
    update = verified(draft(missing=said), result({"total": 5}))
    assert update == {
        "ending": {"outcome": "refused", "reason": f"The model refused to answer, and said: {said}"}
    }


@pytest.mark.parametrize("said", [ABSTENTION, "The documents do not say what shipping costs."])
def test_a_draft_that_knows_nothing_refuses_nothing(said: str) -> None:
    assert verified(draft(missing=said), result({"total": 5}))["answer"]["text"] == said


def test_a_draft_with_a_claim_refuses_nothing() -> None:
    proposed = draft(claim("The total is 5.", ("s1", '"total":5')), missing="I can't help with the rest.")
    assert verified(proposed, result({"total": 5}))["answer"]["claims"]


def test_the_output_of_a_tool_can_be_cited_as_canonical_json() -> None:
    update = verified(draft(claim("The total is 5.", ("s1", '"total":5'))), result({"total": 5, "a": 1}))
    assert update["answer"]["claims"][0]["citations"][0]["source"] == "step:s1"
    assert update["answer"]["claims"][0]["citations"][0]["start"] == 7


@pytest.mark.parametrize("status", ["failed", "rejected", "skipped", "unknown"])
def test_only_a_step_that_is_done_can_be_cited(status: str) -> None:
    update = verified(draft(claim("5.", ("s1", "5"))), result(5, status=status))
    assert update["feedback"][0]["message"] == "there is no evidence with the id 's1'"


def test_a_tool_that_only_names_its_output_passages_is_cited_like_any_other() -> None:
    found = evidence([StepResult.model_validate(result({"passages": [{"row": 1}, 2]}))])
    assert [(one.id, one.source) for one in found] == [("s1", "step:s1")]


def test_each_passage_is_evidence_once() -> None:
    found = {"passages": [passage("a").model_dump(mode="json"), passage("b", "p2").model_dump(mode="json")]}
    given = [{**result(found, step), "retrieved": True} for step in ("s1", "s2")]
    results = [StepResult.model_validate(one) for one in given]
    assert [one.id for one in evidence(results)] == ["p1", "p2"]


SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def test_data_that_breaks_its_schema_goes_back_then_fails() -> None:
    bad = draft(claim("5.", ("s1", "5")), data={"n": "5"})
    back = verified(bad, result(5), schema=SCHEMA)
    assert [violation["path"] for violation in back["feedback"]] == ["/data/n"]
    assert back["rounds"]["answer"] == 1
    end = verified(bad, result(5), schema=SCHEMA, used=1)
    assert end["ending"]["outcome"] == "failed"
    assert "after 2 model calls; the last one violates /data/n" in end["ending"]["reason"]
    assert "answer" not in end


def test_a_draft_that_loses_every_claim_goes_back_then_abstains() -> None:
    lie = draft(claim("5.", ("s1", "6")))
    assert verified(lie, result(5))["feedback"] != []
    end = verified(lie, result(5), used=1)
    assert (end["answer"]["text"], end["answer"]["claims"], end["feedback"]) == (ABSTENTION, [], [])


def test_an_empty_draft_abstains_at_once() -> None:
    assert verified(draft())["answer"]["text"] == ABSTENTION
    assert verified(draft(missing="The price."))["answer"]["text"] == "The price."


def test_what_is_missing_must_not_bring_in_numbers() -> None:
    update = verified(draft(missing="It was founded in 1887."))
    assert update["answer"]["text"] == ABSTENTION
    assert update["violations"][0]["path"] == "/missing"


def test_a_draft_that_was_no_draft_goes_back_with_what_is_wrong() -> None:
    broken = [{"path": "/claims", "message": "is missing"}]
    attempt = {"text": "Claims? Gladly.", "violations": broken}
    assert verified(None, attempts=[attempt])["feedback"] == broken
    end = verified(None, attempts=[attempt], used=1)
    assert end["ending"]["outcome"] == "failed"


def test_a_refusal_that_was_no_draft_goes_back_before_it_ends_the_run() -> None:
    attempt = {"text": "I can't help with that.", "violations": [{"path": "", "message": "is no JSON"}]}
    assert verified(None, attempts=[attempt])["feedback"] == attempt["violations"]
    end = verified(None, attempts=[attempt], used=1)
    assert end["ending"] == {
        "outcome": "refused",
        "reason": "The model refused to answer, and said: I can't help with that.",
    }


def test_a_rejected_call_is_said() -> None:
    update = verified(draft(), result(None, status="rejected", error="too dear"))
    assert update["answer"]["text"] == "tool was not called: too dear."


def test_what_goes_back_is_bounded() -> None:
    lie = draft(*[claim("5.", *[("s1", "6")] * 100)] * 50)
    update = verified(lie, result(5))
    assert len(update["feedback"]) == len(update["violations"]) == MAX_VIOLATIONS
