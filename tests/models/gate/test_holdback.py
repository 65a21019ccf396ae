import random
import re
import time
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.gate.classifier import Finding
from models.gate.holdback import LONGEST, STEP, WINDOW, Holdback
from models.gate.rules import Rules
from tests.models.test_sensitive import PERSONAL, SECRETS

PLANTED = [one for texts in (*SECRETS.values(), *PERSONAL.values()) for one in texts]
PROSE = "The parcel arrives on Friday, as (ever) promised; »Größe« 42: 9 EUR. 茶は三十日以内に返せます。 "
RULES = Rules()

prose = st.integers(0, 900).map(lambda length: (PROSE * 12)[:length])


def find(text: str) -> list[Finding]:
    return [one for one in RULES.classify(text, "release") if one.category != "unreadable"]


def found(text: str) -> int:
    """Where the first finding in the whole of a text begins."""
    return min((start for one in find(text) for start, _ in one.spans), default=len(text))


def cut(text: str, places: Sequence[int]) -> Iterator[str]:
    ends = sorted({place % (len(text) + 1) for place in places})
    for start, end in zip([0, *ends], [*ends, len(text)], strict=True):
        yield text[start:end]


def streamed(chunks: Iterator[str] | Sequence[str], held: Holdback | None = None) -> tuple[str, bool]:
    held = held or Holdback(find)
    left = "".join([held.feed(chunk) for chunk in chunks]) + held.finish()
    return left, held.blocked is not None


@given(prose, prose, st.sampled_from(PLANTED), st.lists(st.integers(0, 5_000), max_size=30))
def test_nothing_planted_leaves_and_the_rest_does_however_it_is_cut(
    before: str, after: str, planted: str, places: list[int]
) -> None:
    # Directly behind `parcel` a phone number would be the number of a parcel.
    text = f"{before}, {planted} {after}"
    left, blocked = streamed(cut(text, places))
    assert (left, blocked) == (text[: found(text)], True)
    assert len(left) <= len(before) + 2 + planted.index(planted[found(planted) :])


@given(st.lists(st.one_of(st.sampled_from(PLANTED), st.text(max_size=300), prose), max_size=5), st.data())
def test_what_leaves_does_not_depend_on_how_it_is_cut(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    places = data.draw(st.lists(st.integers(0, len(text)), max_size=40))
    left, blocked = streamed(cut(text, places))
    assert (left, blocked) == streamed(text) == streamed([text])
    assert text.startswith(left)
    assert len(left) <= found(text)
    assert blocked or left == text


@given(prose, st.lists(st.integers(0, 5_000), max_size=30))
def test_a_clean_text_leaves_whole_and_soon(text: str, places: list[int]) -> None:
    held = Holdback(find)
    come, left = "", ""
    for chunk in cut(text, places):
        come += chunk
        left += held.feed(chunk)
        assert come.startswith(left)
        assert len(come) - len(left) <= WINDOW + STEP + max(map(len, re.split(r"\s", PROSE)))
    assert left + held.finish() == text
    assert held.blocked is None


@pytest.mark.parametrize("planted", PLANTED)
def test_a_secret_at_either_end_is_held_also_character_by_character(planted: str) -> None:
    for text in (planted, PROSE * 9 + planted, f"{planted} {PROSE * 9}", f"{planted} {planted}"):
        left, blocked = streamed(text)
        assert blocked
        assert left == text[: found(text)]


def test_findings_that_overlap_stop_at_the_first_character() -> None:
    mail = "mail a.person@mail.example.com"
    text = f"{PROSE * 5}postgresql://warrant:{'s3cr3t' * 3}@mail.example.com/{mail}"
    left, blocked = streamed(text)
    assert blocked
    assert "s3cr3t" not in left


@pytest.mark.parametrize("length", [WINDOW, 1_000, LONGEST - 100])
def test_a_key_that_shows_itself_at_the_end_of_a_long_token_is_held(length: int) -> None:
    text = f"{PROSE} eyJ{'a' * length}.eyJ{'b' * 10}. {PROSE * 3}"
    left, blocked = streamed(text)
    assert blocked
    assert left == text[: text.index("eyJ")]


def test_a_token_that_is_too_long_to_be_known_is_stopped() -> None:
    text = f"{PROSE}{'a1' * LONGEST} {PROSE}"
    held = Holdback(find)
    assert streamed(text, held) == (PROSE, True)
    assert held.blocked is not None
    assert (held.blocked.category, held.blocked.spans[0][0]) == ("unreadable", len(PROSE))


def test_what_is_not_cut_by_spaces_streams() -> None:
    text = "茶は三十日以内に返品できます" * 100
    held = Holdback(find)
    assert len(held.feed(text)) >= len(text) - WINDOW - STEP
    assert held.finish()


def test_after_a_block_nothing_leaves() -> None:
    held = Holdback(find)
    text = f"Say {SECRETS['github_token'][0]} {PROSE * 9}"
    assert held.feed(text) == "Say "
    assert (held.feed(PROSE * 9), held.finish(), held.due(10_000)) == ("", "", False)


def test_a_finding_without_a_place_stops_all_that_is_held() -> None:
    held = Holdback(lambda _: [Finding("secret", 1.0, "somewhere")])
    assert streamed([PROSE * 9], held) == ("", True)


def test_who_looks_sees_a_bounded_part_around_what_leaves() -> None:
    seen = list[int]()

    def looks(text: str) -> list[Finding]:
        seen.append(len(text))
        return []

    text = PROSE * 200
    assert streamed(text, Holdback(looks)) == (text, False)
    assert max(seen) <= 2 * WINDOW + 2 * STEP + 100
    assert len(seen) <= len(text) / STEP + 1


def test_time_is_linear_whatever_the_chunks() -> None:
    def took(chars: int, size: int) -> float:
        text = PROSE * (chars // len(PROSE))
        started = time.process_time()
        held = Holdback(lambda _: [])
        for start in range(0, len(text), size):
            held.feed(text[start : start + size])
        held.finish()
        return time.process_time() - started

    for size in (1, 10_000_000):
        short, long = (min(took(chars, size) for _ in range(3)) for chars in (50_000, 400_000))
        assert long < 24 * short + 0.05


@pytest.mark.parametrize("bounds", [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_bounds_are_positive(bounds: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Holdback(find, *bounds)


def test_any_bounds_give_the_same_for_a_token() -> None:
    planted = SECRETS["github_token"][0]
    for _ in range(50):
        draw = random.Random(_)
        text = PROSE * draw.randrange(4) + planted + PROSE * draw.randrange(4)
        held = Holdback(find, draw.randrange(1, 60), draw.randrange(1, 60))
        assert streamed(text, held) == (text[: text.index(planted)], True)
