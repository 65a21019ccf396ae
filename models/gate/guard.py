"""A guard model from a local folder, by `guard:FOLDER`, such as Llama Prompt Guard exported to ONNX."""

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from models import onnx_folder
from models.embeddings.minilm import readable
from models.gate.artefact import sha256
from models.gate.classifier import Finding
from models.gate.windows import windows
from models.onnx_folder import MAX_TOKENS, Engine, load, look
from state.canonical import digest
from state.errors import UsageError
from state.verdict import Place

FILES = (*onnx_folder.FILES, "config.json")
CHARACTERS = 1_200
"""Of a window, about 300 tokens, of which such models read 512; windows overlap by half."""
BENIGN = frozenset({"benign", "safe", "label_0", "no_injection", "legit"})
CATEGORY: dict[Place, str] = {
    "screen": "direct_injection",
    "result": "indirect_injection",
    "release": "direct_injection",
}
BATCH = 8


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
        look(folder, "guard", FILES)
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
            [self._scores(engine.logits(encoded[at : at + BATCH])) for at in range(0, len(encoded), BATCH)]
        )
        at = int(scores.argmax())
        score = float(np.clip(scores[at], 0.0, 1.0))
        return [Finding(CATEGORY[place], score, f"{self.name} takes it for an attack.", (cut[at],))]

    def _scores(self, logits: NDArray[np.float32]) -> NDArray[np.float64]:
        wide = logits.astype(np.float64)
        odds = np.exp(wide - wide.max(axis=1, keepdims=True))
        benign = odds[:, self._benign].sum(axis=1) / odds.sum(axis=1)
        return np.asarray(1.0 - benign)

    @cached_property
    def _engine(self) -> Engine:
        engine = load(self._folder, "guard")
        engine.tokenizer.enable_truncation(MAX_TOKENS)
        return engine


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
