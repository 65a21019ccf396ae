"""all-MiniLM-L6-v2 on onnxruntime: weights from this folder, stored as int8, computed in float32."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import groupby
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

WEIGHTS = Path(__file__).parent / "weights"
MODEL = WEIGHTS / "minilm-l6-v2.onnx"
TOKENIZER = WEIGHTS / "tokenizer.json"

DIMENSIONS = 384
MAX_TOKENS = 256
"""As published (`sentence_bert_config.json`), [CLS] and [SEP] included; later tokens are not read."""
MAX_CHARACTERS = 8192
"""Read of a text at most: 32 characters a token, so that a huge text costs little."""
PIECE = 16_384
SEPARATOR = 102


class Engine(NamedTuple):
    """What is loaded once per process; both parts may be called from several threads."""

    session: "InferenceSession"
    tokenizer: "Tokenizer"


@cache
def load() -> Engine:
    """Read the weights and build the session (about 0.2 s and 200 MB)."""
    from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions
    from tokenizers import Tokenizer

    options = SessionOptions()
    # Texts side by side on two cores give 1.9 times the rate of one core, one text on two cores only 1.5.
    options.intra_op_num_threads = 1
    # Otherwise DequantizeLinear stays in the graph and every call dequantises all weights anew.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    # The next level fuses Add and LayerNormalization into a kernel that takes 5 times as long.
    options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_BASIC
    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return Engine(InferenceSession(MODEL, options, providers=["CPUExecutionProvider"]), tokenizer)


_loading = Lock()


def engine() -> Engine:
    """The engine of this process; threads that ask at the same time share one load."""
    with _loading:
        return load()


def readable(text: str) -> str:
    """The text without lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "ignore").decode("utf-8")


def token_ids(text: str) -> list[int]:
    """Token ids with [CLS] and [SEP], at most MAX_TOKENS."""
    ids: list[int] = engine().tokenizer.encode(readable(text[:MAX_CHARACTERS])).ids
    return ids if len(ids) <= MAX_TOKENS else [*ids[: MAX_TOKENS - 1], SEPARATOR]


def batches(lengths: Sequence[int], tokens: int = MAX_TOKENS) -> Iterator[list[int]]:
    """Positions of equally long texts, longest first, at most so many tokens a batch: no padding."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
    for length, group in groupby(order, key=lengths.__getitem__):
        members, size = list(group), max(1, tokens // length)
        yield from (members[start : start + size] for start in range(0, len(members), size))


class MiniLM:
    """The default embedding model. Its instances share one session."""

    name = "minilm"
    dimensions = DIMENSIONS

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (n, 384), each of norm 1.

        A text's vector does not depend on the texts beside it. Every string has one: an empty string,
        or one of which the tokenizer keeps nothing (control characters, lone surrogates), has the vector
        of no words.
        """
        ids = [token_ids(text) for text in texts]
        vectors = np.empty((len(ids), DIMENSIONS), np.float32)

        def run(members: list[int]) -> None:
            feed = {"ids": np.array([ids[member] for member in members], np.int64)}
            vectors[members] = engine().session.run(None, feed)[0]

        work = list(batches([len(one) for one in ids]))
        if len(work) == 1:  # a query: starting a thread costs it 1 ms of 5
            run(work[0])
        else:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(run, work))
        return vectors

    def count_tokens(self, text: str) -> int:
        """Number of tokens without [CLS] and [SEP], beyond MAX_TOKENS too.

        A text of more than 16,384 characters is counted in pieces, which may add a token or two a piece.
        """
        encode = engine().tokenizer.encode
        pieces = (readable(text[start : start + PIECE]) for start in range(0, len(text), PIECE))
        return sum(len(encode(piece, add_special_tokens=False)) for piece in pieces)
