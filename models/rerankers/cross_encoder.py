"""A cross-encoder from a local folder on onnxruntime; nothing is fetched from a model hub."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from models.embeddings.minilm import readable
from models.onnx_folder import MAX_TOKENS, Engine, load, look
from models.rerankers.names import checked

BATCH = 16


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
        look(folder, "cross-encoder")
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
            logits = engine.logits([encoded[place] for place in members])
            scores[members] = logits[:, -1] - (logits[:, 0] if logits.shape[1] == 2 else 0)
        return checked(self.name, scores, len(texts))

    @cached_property
    def _engine(self) -> Engine:
        engine = load(self._folder, "cross-encoder")
        # Of query and text together; what is longer is cut at the text's end.
        engine.tokenizer.enable_truncation(MAX_TOKENS, strategy="only_second")
        return engine
