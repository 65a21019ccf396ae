"""The fine-tuned encoder on onnxruntime: how likely a window of a request or a result holds an injection."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.embeddings.minilm import TOKENIZER, batches, readable

WEIGHTS = Path(__file__).parent.parent / "weights" / "encoder.onnx"
SURFACES = ("tool", "input")
"""Above the lowest layers each has its own; an input of the first one's name says whether it is meant."""
START, END = 101, 102
MAX_TOKENS = 256
"""Positions that the weights have, [CLS] and [SEP] included."""
TOGETHER = 512
"""Tokens a batch: more are not faster, and keep other threads' caches waiting."""


class Encoder:
    """Scores windows; one of them serves all threads, each call computes in the caller's own."""

    def __init__(self, weights: Path | bytes = WEIGHTS, tokenizer: Path = TOKENIZER) -> None:
        """Build the session of a file or of what was read of it (about 0.1 s).

        Raises:
            OSError: a file is not there.
            Exception: onnxruntime's or the tokenizer's own, where a file is damaged.
        """
        from onnxruntime import InferenceSession, SessionOptions
        from tokenizers import Tokenizer

        options = SessionOptions()
        options.intra_op_num_threads = 1
        content = weights if isinstance(weights, bytes) else weights.read_bytes()
        self._session = InferenceSession(content, options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_str(tokenizer.read_text(encoding="utf-8"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def score(self, windows: Sequence[str], surface: str) -> NDArray[np.float32]:
        """The probability of each window of a surface, of shape (windows,), whatever windows are beside it.

        A window of more than 254 tokens is as likely as its likeliest piece.
        """
        pieces = [(place, ids) for place, window in enumerate(windows) for ids in self.pieces(window)]
        scores, which = np.zeros(len(windows), np.float32), np.array(surface == SURFACES[0])
        for members in batches([len(ids) for _, ids in pieces], TOGETHER):
            ids = np.array([pieces[member][1] for member in members], np.int64)
            (found,) = self._session.run(None, {"ids": ids, SURFACES[0]: which})
            np.maximum.at(scores, [pieces[member][0] for member in members], found)
        return scores

    def pieces(self, window: str) -> list[list[int]]:
        """Token ids of a window, each piece with [CLS] and [SEP]; no tokens are one piece."""
        ids = self._tokenizer.encode(readable(window), add_special_tokens=False).ids
        size = MAX_TOKENS - 2
        return [[START, *ids[start : start + size], END] for start in range(0, max(len(ids), 1), size)]
