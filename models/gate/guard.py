"""A guard model from a local folder, by `guard:FOLDER`, such as Llama Prompt Guard exported to ONNX."""

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.embeddings.minilm import readable
from models.gate.artefact import sha256
from models.gate.classifier import Finding
from models.gate.windows import windows
from state.canonical import digest
from state.errors import UsageError
from state.verdict import Place

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer

FILES = ("model.onnx", "tokenizer.json", "config.json")
CHARACTERS = 1_200
"""Of a window, about 300 tokens, of which such models read 512; windows overlap by half."""
BENIGN = frozenset({"benign", "safe", "label_0", "no_injection", "legit"})
CATEGORY: dict[Place, str] = {
    "screen": "direct_injection",
    "result": "indirect_injection",
    "release": "direct_injection",
}
BATCH = 8


class _Engine(NamedTuple):
    session: "InferenceSession"
    tokenizer: "Tokenizer"


class GuardClassifier:
    """A sequence classifier: every class of `config.json` that is not benign counts as an attack.

    Its probability is the model's own softmax; no calibration of ours stands behind it.
    """

    categories = frozenset(CATEGORY.values())

    def __init__(self, folder: Path) -> None:
        """Look at the files; the weights are read with the first text.

        Raises:
            UsageError: a file is missing, or the classes cannot be read or none of them is benign.
        """
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing:
            raise UsageError(
                f"The guard's folder {folder} has no {' and no '.join(missing)}.",
                "Export a sequence classifier to ONNX with its tokenizer and config, and name that folder.",
            )
        self.name = f"guard:{folder.name}"
        self.digest = digest([sha256((folder / name).read_bytes()) for name in FILES])
        self._folder = folder
        self._benign = _benign(folder / "config.json")
        self._loading = Lock()

    def classify(self, text: str, place: Place) -> Sequence[Finding]:
        """The likeliest attack of all windows."""
        with self._loading:
            engine = self._engine
        cut = windows(len(text), CHARACTERS, CHARACTERS // 2)
        encoded = engine.tokenizer.encode_batch([readable(text[start:end]) for start, end in cut])
        scores = np.concatenate(
            [self._scores(engine, encoded[at : at + BATCH]) for at in range(0, len(encoded), BATCH)]
        )
        at = int(scores.argmax())
        score = float(np.clip(scores[at], 0.0, 1.0))
        return [Finding(CATEGORY[place], score, f"{self.name} takes it for an attack.", (cut[at],))]

    def _scores(self, engine: _Engine, encoded: Sequence["Encoding"]) -> NDArray[np.float64]:
        columns = {
            "input_ids": [one.ids for one in encoded],
            "attention_mask": [one.attention_mask for one in encoded],
            "token_type_ids": [one.type_ids for one in encoded],
        }
        wanted = [node.name for node in engine.session.get_inputs()]
        feed = {name: np.array(columns[name], np.int64) for name in wanted if name in columns}
        logits = np.asarray(engine.session.run(None, feed)[0], np.float64)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        benign = odds[:, self._benign].sum(axis=1) / odds.sum(axis=1)
        return np.asarray(1.0 - benign)

    @cached_property
    def _engine(self) -> _Engine:
        from onnxruntime import InferenceSession
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
            session = InferenceSession(self._folder / "model.onnx", providers=["CPUExecutionProvider"])
        except Exception as error:  # both libraries raise bare exceptions
            raise UsageError(
                f"The guard in {self._folder} cannot be loaded: {error}.", "Export it anew."
            ) from error
        tokenizer.enable_truncation(512)
        tokenizer.enable_padding()
        return _Engine(session, tokenizer)


def _benign(config: Path) -> list[int]:
    """Which of the classes are benign, by their names in `id2label`."""
    try:
        names = json.loads(config.read_text(encoding="utf-8"))["id2label"]
        found = [int(number) for number, name in names.items() if str(name).casefold() in BENIGN]
    except (ValueError, KeyError, AttributeError) as error:
        raise UsageError(f"{config} names no classes: {error!r}.", "Give it id2label.") from error
    if not found:
        raise UsageError(
            f"None of the classes {', '.join(map(str, names.values()))} in {config} is benign.",
            f"Name it one of {', '.join(sorted(BENIGN))} in id2label.",
        )
    return found
