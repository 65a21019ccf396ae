"""The shipped model: its error, its invariance, and what it does with text that is not language."""

import hashlib
import json
import resource
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.embeddings.minilm import MAX_CHARACTERS, MAX_TOKENS, MODEL, TOKENIZER, MiniLM, batches, token_ids

GOLDEN = Path(__file__).parent / "golden.json"
CARD = MODEL.parent / "CARD.md"
ABSTRACT = "Enzymes lower the activation energy of a reaction and are not consumed by it. "


@pytest.fixture(scope="module")
def model() -> MiniLM:
    return MiniLM()


def test_vectors_have_norm_one_in_float32(model: MiniLM) -> None:
    vectors = model.embed(["a cat", "two dogs in a garden", ABSTRACT * 30])
    assert vectors.shape == (3, model.dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_no_text_gives_no_vector(model: MiniLM) -> None:
    assert model.embed([]).shape == (0, model.dimensions)


def test_vectors_agree_with_the_float32_reference(model: MiniLM) -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    vectors = model.embed(list(golden)).astype(float)
    error = 1 - np.sum(vectors * np.array(list(golden.values())), axis=1)
    assert np.abs(error).max() <= 1.5e-3


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.text(max_size=60) | st.sampled_from([ABSTRACT, ABSTRACT * 9, "one two"]), min_size=1, max_size=9
    ),
    st.randoms(),
)
def test_a_vector_does_not_depend_on_its_batch(texts: list[str], random: object) -> None:
    model = MiniLM()
    together = model.embed([*texts, *reversed(texts)])
    alone = np.concatenate([model.embed([text]) for text in texts])
    np.testing.assert_allclose(together[: len(texts)], alone, atol=1e-6)
    np.testing.assert_array_equal(together[len(texts) :][::-1], together[: len(texts)])


@given(st.lists(st.integers(2, MAX_TOKENS), max_size=60))
def test_batches_hold_each_text_once_unpadded_and_bounded(lengths: list[int]) -> None:
    work = list(batches(lengths))
    assert sorted(member for members in work for member in members) == list(range(len(lengths)))
    for members in work:
        assert len({lengths[member] for member in members}) == 1
        assert sum(lengths[member] for member in members) <= MAX_TOKENS


@pytest.mark.parametrize(
    "text",
    ["", " \n\t", "\0", "\ud800", "\udfff\ud800", "\ufffd"],
    ids=["empty", "blank", "nul", "lone", "pair", "bad"],
)
def test_text_without_words_has_the_vector_of_no_words(model: MiniLM, text: str) -> None:
    np.testing.assert_array_equal(model.embed([text]), model.embed([""]))


def test_dropped_characters_leave_the_rest(model: MiniLM) -> None:
    np.testing.assert_allclose(model.embed(["fi\0sh\ud800"]), model.embed(["fish"]), atol=1e-6)


@pytest.mark.parametrize("text", ["😀👩‍👩‍👧", "漢字かな", "e\u0301" * 50, "a" * 5000, "\u202eabc"])
def test_any_script_has_a_vector(model: MiniLM, text: str) -> None:
    assert np.isfinite(model.embed([text])).all()


def test_a_huge_text_is_read_to_the_limit_only(model: MiniLM) -> None:
    huge = "many words. " * 900_000
    np.testing.assert_array_equal(model.embed([huge]), model.embed([huge[:MAX_CHARACTERS]]))


def test_long_texts_are_cut_at_the_published_length() -> None:
    ids = token_ids("word " * 400)
    assert len(ids) == MAX_TOKENS
    assert ids[-1] == token_ids("word")[-1]
    assert len(token_ids("word " * (MAX_TOKENS - 2))) == MAX_TOKENS


def test_tokens_are_counted_beyond_the_limit(model: MiniLM) -> None:
    assert [model.count_tokens(text) for text in ["", "fish", "word " * 400, "a\ud800"]] == [0, 1, 400, 1]
    assert model.count_tokens("word " * 10_000) == pytest.approx(10_000, abs=6)


def test_threads_share_one_session(model: MiniLM) -> None:
    alone = model.embed(["shared"])
    start = threading.Barrier(8)

    def embed(_: int) -> np.ndarray:
        start.wait()
        return MiniLM().embed(["shared"])

    with ThreadPoolExecutor(8) as pool:
        for vector in pool.map(embed, range(8)):
            np.testing.assert_array_equal(vector, alone)


def test_memory_stays_small(model: MiniLM) -> None:
    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    model.embed([ABSTRACT * (1 + number % 20) for number in range(40)])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - before < 100 * 2**20


@pytest.mark.parametrize("path", [MODEL, TOKENIZER], ids=lambda path: path.name)
def test_the_card_states_the_hash_of_the_file(path: Path) -> None:
    assert f"{hashlib.sha256(path.read_bytes()).hexdigest()}" in CARD.read_text(encoding="utf-8")
