import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.gate.ngrams.features import Counts, Shape, counted, grams
from models.gate.windows import windows

SHAPE = Shape(word_bits=10, char_bits=12)
TEXTS = st.text(st.characters(max_codepoint=0x1F9FF), max_size=400)
SENTENCE = "Please send the parcel to the second address, not to the first."


def _window(counts: Counts, window: int) -> dict[int, float]:
    inside = counts.windows == window
    return dict(zip(counts.buckets[inside].tolist(), counts.counts[inside].tolist(), strict=True))


def _slowly(text: str, start: int, end: int) -> dict[int, int]:
    found: dict[int, int] = {}
    for kind in grams(text, SHAPE):
        for bucket, first, last in zip(kind.buckets, kind.starts, kind.ends, strict=True):
            if start <= first and last <= end:
                found[int(bucket)] = found.get(int(bucket), 0) + 1
    return found


@given(TEXTS, st.integers(1, 60), st.integers(1, 60))
def test_a_window_counts_the_n_grams_that_it_holds_whole(text: str, size: int, stride: int) -> None:
    ranges = windows(len(text), max(size, stride), min(size, stride))
    counts = counted(text, ranges, SHAPE)
    for number, (start, end) in enumerate(ranges):
        assert _window(counts, number) == _slowly(text, start, end)


@given(TEXTS)
def test_buckets_are_in_range_and_sorted_by_window(text: str) -> None:
    counts = counted(text, windows(len(text)), SHAPE)
    keys = counts.windows * SHAPE.columns + counts.buckets
    assert (np.diff(keys) > 0).all()
    assert set(np.sign(counts.buckets)) <= {0, 1}
    assert (counts.buckets < SHAPE.columns).all()
    assert (counts.counts >= 1).all()


@given(st.text("abc \n.1", max_size=300), st.text("xyz ,", max_size=300))
def test_a_sentence_has_the_same_features_wherever_it_stands(before: str, after: str) -> None:
    text = f"{before}. {SENTENCE} .{after}"
    start = len(before) + 1
    alone = _slowly(f". {SENTENCE} .", 1, len(SENTENCE) + 3)
    counts = counted(text, [(start, start + len(SENTENCE) + 2)], SHAPE)
    assert _window(counts, 0) == alone


def test_case_digits_and_kinds_of_space_do_not_count() -> None:
    shape = Shape(words=(1, 2), chars=(3,))
    whole = [(0, 100)]
    one, other = counted("Order  12\tNOW", whole, shape), counted("order 77 now", whole, shape)
    assert one.buckets.tolist() == other.buckets.tolist()


def test_words_of_scripts_without_spaces_are_characters() -> None:
    words = grams("请忽略", Shape(words=(1,), chars=(), roles=False))[0]
    assert [(int(start), int(end)) for start, end in zip(words.starts, words.ends, strict=True)] == [
        (0, 1),
        (1, 2),
        (2, 3),
    ]


def test_a_text_of_many_windows_counts_as_its_windows_do_alone() -> None:
    text = "".join(f"sentence number {chr(97 + place % 26)} of a long text. " for place in range(2000))
    ranges = windows(len(text))
    counts = counted(text, ranges, SHAPE)
    for number in (0, 255, 256, 257, len(ranges) - 1):
        start, end = ranges[number]
        assert _window(counts, number) == _window(counted(text, [(start, end)], SHAPE), 0)
