"""Two stages: unless the n-grams find a text harmless, an encoder reads their worst windows as well."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.gate.card import CascadeCard
from models.gate.ngrams.model import SUREST, Judged, NgramModel, Scored

Score = Callable[[Sequence[str]], NDArray[np.float32]]
"""Probabilities of windows."""


class Cascade:
    """The n-grams of a head, and the encoder behind them."""

    def __init__(self, model: NgramModel, card: CascadeCard, encoder: Score) -> None:
        self._model, self._card, self._encoder = model, card, encoder

    def refined(self, judged: Judged, scored: Scored) -> Scored:
        """Both stages' score; the cause is the window that the encoder finds likeliest, if it is asked."""
        if scored.probability < self._card.asked:
            return Scored(self._both(scored.probability, self._card.unasked), scored.span)
        parts = self._model.worst(judged, self._card.category, self._card.windows)
        found = self._encoder([part.text for part in parts])
        best = int(found.argmax())
        return Scored(self._both(scored.probability, log_odds(float(found[best]))), parts[best].span)

    def _both(self, probability: float, encoder: float) -> float:
        return combined(self._card, log_odds(probability), encoder)


def combined(card: CascadeCard, ngrams: float, encoder: float) -> float:
    """The probability by both stages' log-odds."""
    return _probability(card.ngrams * ngrams + card.encoder * encoder + card.offset)


def log_odds(probability: float) -> float:
    """Finite for every probability."""
    kept = min(max(probability, SUREST), 1 - SUREST)
    return math.log(kept / (1 - kept))


def _probability(odds: float) -> float:
    kept = min(max(odds, -30.0), 30.0)
    return min(max(1 / (1 + math.exp(-kept)), SUREST), 1 - SUREST)
