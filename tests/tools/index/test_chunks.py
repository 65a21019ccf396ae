import time
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.text import sentences
from tools.index.chunks import READ_TOKENS, TITLE_TOKENS, approximate, cut, embedded
from tools.index.document import Document
from tools.index.structure import markdown, paragraphs


def count(text: str) -> int:
    return len(text.split())


WORDS = st.sampled_from(
    ["Parcel", "is", "returned", "WR-1042", "3.50", "e.g.", "`a. B`", "#", "|", "ß", "😀", "x" * 300]
)
SENTENCE = st.builds(
    lambda words, end: " ".join(words) + end, st.lists(WORDS, min_size=1, max_size=40), st.sampled_from(".!?")
)
PARAGRAPH = st.lists(SENTENCE, min_size=1, max_size=30).map(" ".join)
BLOCK = st.one_of(
    PARAGRAPH,
    st.builds(lambda level, text: "#" * level + " " + text[:500], st.integers(1, 6), SENTENCE),
    st.lists(SENTENCE, min_size=1, max_size=20).map(lambda items: "\n".join(f"- {item}" for item in items)),
    st.lists(WORDS, min_size=1, max_size=300).map(lambda lines: "```\n" + "\n".join(lines) + "\n```"),
    st.integers(1, 200).map(lambda rows: "| a | b |\n|---|---|" + "\n| 1. One | 2 |" * rows),
    st.just("[x]: https://example.org"),
    st.text(max_size=50),
)
TEXT = st.lists(BLOCK, max_size=12).map("\n\n".join)


def documents(text: str) -> list[Document]:
    return [Document("s", text, markdown(text, ("Top",))), Document("s", text, paragraphs(text))]


@given(TEXT)
@example("\r0")
@example("# A\r\rB\r\n\r\n- C\rD")
def test_chunks_are_exact_spans_that_hold_all_of_the_text_and_fit_the_model(text: str) -> None:
    for document in documents(text):
        chunks = cut(document, count)
        assert chunks == cut(document, count)
        parts = [text[chunk.start : chunk.end] for chunk in chunks]
        assert all(before.end <= after.start for before, after in pairwise(chunks))
        assert all(part and part == part.strip() for part in parts)
        assert "".join("".join(part.split()) for part in parts) == "".join(text.split())
        for chunk, part in zip(chunks, parts, strict=True):
            assert count(part) + count(" > ".join(chunk.title)) <= READ_TOKENS
            assert count(" > ".join(chunk.title)) <= TITLE_TOKENS


@given(st.lists(PARAGRAPH, min_size=1, max_size=6).map("\n\n".join))
def test_no_sentence_that_fits_is_cut(text: str) -> None:
    chunks = cut(Document("s", text, paragraphs(text)), count)
    for start, end in sentences(text):
        if count(text[start:end]) <= READ_TOKENS:
            assert any(chunk.start <= start and end <= chunk.end for chunk in chunks)


def chunk_texts(text: str) -> list[str]:
    return [text[one.start : one.end] for one in cut(Document("s", text, markdown(text)), count)]


def test_tables_code_and_lists_are_kept_whole_where_they_fit() -> None:
    table = "| a | b |\n|---|---|" + "\n| 1 | 2 |" * 30
    code = "```\n" + "\n".join(f"x = {number}" for number in range(60)) + "\n```"
    items = "\n".join(f"- item number {number} of the list" for number in range(30))
    text = f"# Head\n\nIntroduction.\n\n{table}\n\n{code}\n\n{items}\n"
    assert chunk_texts(text) == ["# Head\n\nIntroduction.", table, code, items]


def test_a_long_table_is_cut_between_rows() -> None:
    text = "| a | b |\n|---|---|" + "\n| one | two words |" * 200
    assert all(part.endswith("|") and part.startswith("|") for part in chunk_texts(text))


def test_a_heading_goes_with_the_text_below_it() -> None:
    text = "# Shop\n\n## Returns\n\nWithin 30 days.\n\n## Shipping\n\nFree."
    document = Document("s", text, markdown(text))
    assert [(text[c.start : c.end], c.title) for c in cut(document, count)] == [
        ("# Shop\n\n## Returns\n\nWithin 30 days.", ("Shop", "Returns")),
        ("## Shipping\n\nFree.", ("Shop", "Shipping")),
    ]


def test_only_headings_that_the_chunk_does_not_show_are_put_before_it() -> None:
    assert embedded(("Shop", "Returns"), "## Returns\n\nFree.") == "Shop\n## Returns\n\nFree."
    assert embedded((), "Free.") == "Free."


def test_the_approximation_is_cautious_in_any_script() -> None:
    assert approximate("return shipping is free of charge") >= 7
    assert approximate("返品" * 50) >= 100


HOSTILE = {
    "no space": "x" * 1_000_000,
    "tiny paragraphs": "a.\n\n" * 100_000,
    "headings": "".join(f"# {number}\n" for number in range(50_000)),
    "headings with text": "# A\n\nb.\n\n" * 20_000,
    "one long line": "Parcel is returned, " * 50_000,
    "rows": "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 50_000,
    "open fence": "```\n" + "x = 1\n" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_shape_is_cut_wholly(name: str) -> None:
    text = HOSTILE[name]
    document = Document("s", text, markdown(text))
    chunks = cut(document, approximate)
    assert "".join("".join(text[one.start : one.end].split()) for one in chunks) == "".join(text.split())
    assert all(approximate(text[one.start : one.end]) <= 2 * READ_TOKENS for one in chunks)


def test_the_time_is_linear_in_the_text() -> None:
    part = (
        "# Head\n\n"
        + "A parcel is returned within 30 days. " * 40
        + "\n\n- one\n- two\n\n| a |\n|---|\n| 1 |\n\n"
    )

    def seconds(times: int) -> float:
        text = part * times
        began = time.process_time()
        cut(Document("s", text, markdown(text)), count)
        return time.process_time() - began

    seconds(1)
    assert seconds(400) < 8 * 4 * max(seconds(50), 0.02)
