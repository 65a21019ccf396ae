"""A cross-encoder from a local folder on onnxruntime; nothing is fetched from a model hub."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.embeddings.minilm import readable
from models.rerankers.names import checked
from state.errors import UsageError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer

MAX_TOKENS = 512
"""Of query and text together; what is longer is cut at the text's end."""
BATCH = 16


class _Engine(NamedTuple):
    session: "InferenceSession"
    tokenizer: "Tokenizer"


class CrossEncoder:
    """`model.onnx` with the usual inputs (`input_ids`, `attention_mask`, `token_type_ids`) and one logit.

    A model with two logits is taken for a classifier whose second one means relevant, as published
    cross-encoders on Hugging Face have it.
    """

    def __init__(self, folder: Path) -> None:
        """Look for the files; they are read with the first query.

        Raises:
            UsageError: they are not there.
        """
        missing = [name for name in ("model.onnx", "tokenizer.json") if not (folder / name).is_file()]
        if missing:
            raise UsageError(
                f"The cross-encoder's folder {folder} has no {' and no '.join(missing)}.",
                "Export a model to ONNX with its tokenizer, and name that folder.",
            )
        self.name = f"cross-encoder:{folder}"
        self._folder = folder
        self._loading = Lock()

    def score(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """The logit of each text beside the query."""
        with self._loading:
            engine = self._engine
        pairs = [(readable(query), readable(text)) for text in texts]
        # Texts of like length share a batch, so that little is padded.
        encoded = engine.tokenizer.encode_batch(pairs)
        order = sorted(range(len(encoded)), key=lambda place: len(encoded[place].ids))
        scores = np.empty(len(texts), np.float32)
        for start in range(0, len(order), BATCH):
            members = order[start : start + BATCH]
            scores[members] = _logits(engine.session, [encoded[place] for place in members])
        return checked(self.name, scores, len(texts))

    @cached_property
    def _engine(self) -> _Engine:
        from onnxruntime import InferenceSession
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
            session = InferenceSession(self._folder / "model.onnx", providers=["CPUExecutionProvider"])
        except Exception as error:  # both libraries raise bare exceptions
            raise UsageError(
                f"The cross-encoder in {self._folder} cannot be loaded: {error}.", "Export it anew."
            ) from error
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS, strategy="only_second")
        return _Engine(session, tokenizer)


def _logits(session: "InferenceSession", encoded: Sequence["Encoding"]) -> NDArray[np.float32]:
    length = max(len(one.ids) for one in encoded)
    columns = {
        "input_ids": [one.ids for one in encoded],
        "attention_mask": [[1] * len(one.ids) for one in encoded],
        "token_type_ids": [one.type_ids for one in encoded],
    }
    wanted = [node.name for node in session.get_inputs()]
    feed = {name: _padded(columns[name], length) for name in wanted if name in columns}
    logits = np.asarray(session.run(None, feed)[0], np.float32).reshape(len(encoded), -1)
    return np.asarray(logits[:, -1] - (logits[:, 0] if logits.shape[1] == 2 else 0), np.float32)


def _padded(rows: Sequence[Sequence[int]], length: int) -> NDArray[np.int64]:
    return np.array([[*row, *([0] * (length - len(row)))] for row in rows], np.int64)
