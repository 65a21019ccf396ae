"""A model that a team exported to a folder: `model.onnx` beside its `tokenizer.json`, run by onnxruntime."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from state.errors import UsageError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer

FILES = ("model.onnx", "tokenizer.json")
MAX_TOKENS = 512


class Engine(NamedTuple):
    """Both parts may be called from several threads."""

    session: "InferenceSession"
    tokenizer: "Tokenizer"

    def logits(self, encoded: Sequence["Encoding"]) -> NDArray[np.float32]:
        """The model's first output, one row for each text, filled up to the longest of them."""
        length = max(len(one.ids) for one in encoded)
        columns = {
            "input_ids": [one.ids for one in encoded],
            "attention_mask": [[1] * len(one.ids) for one in encoded],
            "token_type_ids": [one.type_ids for one in encoded],
        }
        wanted = [node.name for node in self.session.get_inputs()]
        feed = {name: _padded(columns[name], length) for name in wanted if name in columns}
        found = np.asarray(self.session.run(None, feed)[0], np.float32)
        return found.reshape(len(encoded), -1)


def look(folder: Path, what: str, files: Sequence[str] = FILES) -> None:
    """Make sure that the files are there; `what` says what they are.

    Raises:
        UsageError: one is not.
    """
    if missing := [name for name in files if not (folder / name).is_file()]:
        raise UsageError(
            f"The {what}'s folder {folder} has no {' and no '.join(missing)}.",
            f"Export a model to ONNX with {' and '.join(files[1:])}, and name that folder.",
        )


def load(folder: Path, what: str) -> Engine:
    """Read the files; texts of more tokens are the caller's to cut.

    Raises:
        UsageError: they are damaged.
    """
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        session = InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    except Exception as error:  # both libraries raise bare exceptions
        raise UsageError(f"The {what} in {folder} cannot be loaded: {error}.", "Export it anew.") from error
    tokenizer.no_padding()
    return Engine(session, tokenizer)


def _padded(rows: Sequence[Sequence[int]], length: int) -> NDArray[np.int64]:
    return np.array([[*row, *([0] * (length - len(row)))] for row in rows], np.int64)
