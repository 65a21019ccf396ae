import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.gate.views.view import Part, assembled, extracted, rewritten, whole


@st.composite
def edited(draw):
    """A text and parts of it that are in order and do not overlap."""
    text = draw(st.text(max_size=60))
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    return text, [Part(start, end, draw(st.text(max_size=9))) for start, end in pairs]


@given(edited())
def test_a_rewritten_view_is_the_text_with_the_parts_replaced_and_every_other_character_in_its_place(drawn):
    text, edits = drawn
    view = rewritten(whole(text), edits)
    pieces, reached = [], 0
    for edit in edits:
        pieces += [text[reached : edit.start], edit.text]
        reached = edit.end
    assert view.text == "".join([*pieces, text[reached:]])
    assert len(view.offsets) == len(view.text) + 1
    assert view.offsets.dtype == np.int32
    assert (np.diff(view.offsets) >= 0).all()
    assert view.offsets[-1] == len(text) or not view.text


@given(edited(), edited())
def test_offsets_of_a_view_of_a_view_are_places_of_the_original(drawn, again):
    text, edits = drawn
    once = rewritten(whole(text), edits)
    parts = [Part(min(p.start, len(once.text)), min(p.end, len(once.text)), p.text) for p in again[1]]
    twice = rewritten(once, parts)
    assert set(twice.offsets.tolist()) <= set(once.offsets.tolist())
    for start in range(len(twice.text)):
        first, last = twice.span(start, start + 1)
        assert 0 <= first <= last <= len(text)


def test_a_span_is_where_the_characters_stand():
    view = rewritten(whole("see %41%42%43 there"), [Part(4, 13, "ABC")])
    assert view.text == "see ABC there"
    assert view.span(4, 7) == (4, 13)
    assert view.span(5, 6) == (7, 10)
    assert view.span(8, 13) == (14, 19)


def test_a_span_within_a_folded_character_is_that_character():
    view = rewritten(whole("of\ufb01ce"), [Part(2, 3, "fi")])
    assert view.span(2, 3) == (2, 3)
    assert view.span(2, 4) == (2, 3)


def test_a_part_that_runs_backwards_has_its_places_from_the_end():
    view = assembled(whole("say cba!"), [Part(4, 7, "abc", backwards=True)], "reversed")
    assert [view.span(place, place + 1) for place in range(3)] == [(6, 7), (5, 6), (4, 5)]
    assert view.span(0, 3) == (4, 7)


def test_what_is_extracted_stands_on_lines_of_its_own():
    view = extracted(whole("one two three"), [Part(0, 3, "1"), Part(8, 13, "3")], "digits")
    assert (view.kind, view.text) == ("digits", "1\n3")
    assert view.span(0, 1) == (0, 3)
    assert view.span(2, 3) == (8, 13)


def test_nothing_is_a_view_too():
    assert assembled(whole("text"), [], "none").text == ""
    assert rewritten(whole(""), []).offsets.tolist() == [0]
