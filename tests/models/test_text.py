import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text import WINDOW, sentences, terms

PIECES = [
    "Dr. A",
    "ends. ",
    "Next ",
    "`a. B`",
    "```\n",
    "\n",
    "\n\n",
    "- item",
    "| a. B |",
    "1. x",
    "# h ",
    "\ud800",
    '"',
    "é",
]


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=30).map("".join))
def test_sentences_are_exact_spans_that_cover_everything_but_white_space(text: str) -> None:
    spans = sentences(text)
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert "".join("".join(part.split()) for part in split(text)) == "".join(text.split())


@pytest.mark.parametrize(
    "whole",
    [
        "Dr. Smith paid $3.50 for WR-1042, e.g. the blue one (see Fig. 3.2).",
        "A p < 0.05 vs. control was found by Lee et al. in the U.S. Army.",
        "Call `a.b(). C` first.",
        "```python\nx = a.b(c). D\n\ny = 1\n```",
        "- the first item",
        "**Fail closed.**",
        "| Price. Net | 3.50 |",
        "See Eq. 4 for approx. 5 ml.",
    ],
)
def test_a_sentence_is_not_cut(whole: str) -> None:
    assert split(f"Before it.\n\n{whole}\n\nAfter it.") == ["Before it.", whole, "After it."]


def test_lines_of_their_own_end_a_sentence() -> None:
    text = "# Returns\nWithin 30 days. Then\nnothing.\n- one\n- two\n1. First. Second.\n\nEnd"
    expected = [
        "# Returns",
        "Within 30 days.",
        "Then\nnothing.",
        "- one",
        "- two",
        "1. First.",
        "Second.",
        "End",
    ]
    assert split(text.replace("# Returns\n", "# Returns\n\n")) == expected


def test_sentences_are_whole_across_the_window_of_the_splitter() -> None:
    one = "The parcel is returned within thirty days of delivery. "
    assert set(split(one * (3 * WINDOW // len(one)))) == {one.strip()}


@pytest.mark.parametrize("unit", ["`", "`x` ", "“", "`a`. B ", "\n ", "- a\n", "```\n", "x", "((", "1. "])
def test_hostile_repetition_stays_fast_and_lossless(unit: str) -> None:
    text = unit * (60_000 // len(unit))
    assert "".join("".join(part.split()) for part in split(text)) == "".join(text.split())


def test_terms_are_stemmed_without_stop_words() -> None:
    assert terms("The customers' returns, and what’s RETURNED") == ["custom", "return", "return"]


def test_identifiers_are_kept_whole_beside_their_parts() -> None:
    found = terms("Return WR-1042 or order_status in v3.11, long-term")
    assert {"wr-1042", "1042", "order_status", "order", "v3.11", "long", "term"} <= set(found)
    assert "long-term" not in found


def test_terms_are_unicode_normalised() -> None:
    assert terms("Ｓｔｒａßｅ ﬁle") == terms("STRASSE file")


@given(st.text(max_size=100))
def test_terms_take_any_text(text: str) -> None:
    assert all(term and not re.search(r"\s", term) for term in terms(text))
