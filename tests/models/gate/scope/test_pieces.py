import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.embeddings.minilm import MAX_TOKENS, MiniLM
from models.gate.scope.pieces import languages, pieces


@settings(max_examples=40, deadline=None)
@given(text=st.text(max_size=2_500))
def test_pieces_cover_the_text(text: str) -> None:
    cut = sorted(pieces(text, MiniLM()))
    assert (cut[0][0], max(end for _, end in cut)) == (0, len(text))
    reached = 0
    for start, end in cut:
        assert start <= reached
        reached = max(reached, end)


@pytest.mark.parametrize(
    "text", ["안녕하세요 " * 400, "我的包裹" * 400, "word " * 900, "!?" * 900, "𝔞" * 2_000]
)
def test_every_piece_is_read_to_its_end(text: str) -> None:
    model = MiniLM()
    assert max(model.count_tokens(text[start:end]) for start, end in pieces(text, model)) <= MAX_TOKENS - 2


def test_languages_are_told_where_there_are_words_enough() -> None:
    assert languages(["where is my order", "yes"]) == {"english"}
    assert languages(["wo ist mein Paket, ich habe es nicht"]) == {"german"}
    assert languages(["где моя посылка", "我的包裹"]) == {"other"}
