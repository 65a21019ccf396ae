"""Puts an encoder behind the n-grams of an artefact: weights and a threshold for both together."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit

from evals.gate.encoder_samples import cut
from evals.gate.fitting import Doubles, calibrated
from evals.gate.metrics import Scores, recall_at
from evals.gate.training import Recipe, Trained, raised
from models.gate.card import Card, CascadeCard
from models.gate.cascade import combined, log_odds
from models.gate.encoder.model import Encoder
from models.gate.ngrams.arrays import Bools
from models.gate.ngrams.model import SUREST
from state.errors import UsageError

ENCODER = "encoder.onnx"
WINDOWS = {"input": 4, "tool": 6}
"""Windows that it reads at most. Of BIPIA's attacks, 95 % stand in the six worst ones as clearly as anywhere,
86 % in the worst four, by n-grams that had not seen them."""
READ = {"input": 0.3, "tool": 1.0}
"""Share of clean texts that the encoder reads, by surface: attacks in tool results are tasks like any other,
of which n-grams know little."""
SHARES = [step / 20 for step in range(20)]
SPLITS = (
    " The encoder's scores are of {count} of these texts, by encoders that had not seen them either; how "
    "both stages are joined was chosen on the same texts."
)


class Second(NamedTuple):
    """What the encoder says, as log-odds."""

    odds: Doubles
    """Of all examples, by encoders that had not seen them; NaN where none is known."""
    held: Doubles
    """Of the texts held back, by the encoder that is used."""


def unseen(scores: Path) -> dict[str, float]:
    """Log-odds by the rows' ids, as `evals.gate.encoder_training` kept them.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        lines = [json.loads(line) for line in scores.read_text(encoding="utf-8").splitlines()]
        return {one["id"]: one["encoder"] for one in lines}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"Cannot read {scores}: {error}.", "Run `python -m evals.gate.encoder_training` first."
        ) from error


def worst(encoder: Encoder, texts: Sequence[str], surface: str) -> Doubles:
    """Log-odds of the likeliest window of each text."""
    if not texts:
        return np.empty(0)
    windows = [cut(text) for text in texts]
    scores = encoder.score([window for each in windows for window in each], surface).astype(float)
    starts = np.cumsum([0, *(len(each) for each in windows[:-1])])
    likeliest = np.clip(np.maximum.reduceat(scores, starts), SUREST, 1 - SUREST)
    found: Doubles = logit(likeliest)
    return found


def fitted(category: str, bad: Bools, ngrams: Scores, encoder: Scores, surface: str) -> CascadeCard:
    """When the encoder is asked, its share of both log-odds, and the curve to probabilities.

    The share is the smallest with the best recall at 1 % false alarms.
    """
    part = READ[surface]
    low = float(np.quantile(ngrams[~bad], 1 - part)) if part < 1 else -np.inf
    below = ~bad & (ngrams < low)
    unasked = float(encoder[below].mean()) if below.any() else 0.0
    second = np.where(ngrams >= low, encoder, unasked)
    joined = {share: (1 - share) * ngrams + share * second for share in SHARES}
    share = max(SHARES, key=lambda each: recall_at(joined[each][bad], joined[each][~bad], 0.01))
    curve = calibrated(joined[share], bad, np.ones(len(bad)))
    return CascadeCard(
        category=category,
        file=ENCODER,
        asked=float(expit(low)),
        windows=WINDOWS[surface],
        ngrams=curve.slope * (1 - share),
        encoder=curve.slope * share,
        offset=curve.offset,
        unasked=unasked,
    )


def both(card: CascadeCard, probabilities: Scores, encoder: Scores) -> Doubles:
    """The probabilities of texts by both stages, from those of the n-grams and the encoder's log-odds."""
    ngrams = np.array([log_odds(float(one)) for one in probabilities])
    second = np.where(probabilities >= card.asked, encoder, card.unasked)
    return np.array([combined(card, *pair) for pair in zip(ngrams, second, strict=True)])


def staged(
    recipe: Recipe, bad: Bools, one: Trained, second: Second, card: CascadeCard | None = None
) -> tuple[CascadeCard, Trained]:
    """A head with the encoder behind it, joined as the card says or by what fits best."""
    judged = one.judged & ~np.isnan(second.odds)
    if card is None:
        ngrams = np.array([log_odds(float(value)) for value in one.unseen[judged]])
        card = fitted(one.category, bad[judged], ngrams, second.odds[judged], recipe.surface)
    found = np.full(len(bad), np.nan)
    found[judged] = both(card, one.unseen[judged], second.odds[judged])
    held = both(card, one.held, second.held)
    threshold = raised(held, found[judged & ~bad], recipe)
    changed = one.card.model_copy(update={"threshold": threshold})
    return card, replace(one, card=changed, judged=judged, unseen=found, held=held)


def with_cascade(card: Card, cascade: CascadeCard) -> Card:
    """The card of an artefact that has both stages."""
    return card.model_copy(update={"cascade": cascade, "files": card.files | {cascade.file: "0" * 64}})
