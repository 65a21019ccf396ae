"""Ways to tell attacks from benign texts, by name: what the table compares."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import sparse

from evals.gate.bags import Bags, bagged
from evals.gate.crossing import margins, trained
from evals.gate.fitting import Doubles, Knobs, balanced, logistic
from evals.gate.heads import attacks
from evals.gate.rows import Row
from evals.gate.splits import family
from models.embeddings.minilm import MODEL, MiniLM
from models.gate.ngrams.arrays import Bools
from models.gate.ngrams.features import Shape, grams
from models.gate.ngrams.model import Head, NgramModel
from models.gate.ngrams.stored import arrays
from models.gate.views.reading import views


@dataclass(frozen=True)
class Fitted:
    """A candidate that was trained."""

    margins: Doubles
    """Of all rows it was prepared with; higher is worse."""
    score: Callable[[str], float]
    """The margin of one text, from its characters."""
    size: int
    """Bytes of its weights."""


class Candidate(Protocol):
    """A way to tell attacks; it reads the rows once, then is trained on parts of them."""

    @property
    def name(self) -> str:
        """As the table calls it."""
        ...

    def fitted(self, used: Bools) -> Fitted:
        """Train on the rows used."""
        ...


class Ngrams:
    """Hashed n-grams of windows with logistic regression, the worst window counting."""

    def __init__(self, name: str, rows: Sequence[Row], shape: Shape, knobs: Knobs) -> None:
        self.name, self._shape, self._knobs = name, shape, knobs
        self._bags: Bags = bagged([row.text for row in rows], shape)
        self._attacks = attacks(rows)
        self._sources = np.array([family(row.source) for row in rows])

    def fitted(self, used: Bools) -> Fitted:
        """Train on the rows used."""
        rarity, line = trained(self._bags, self._attacks, self._sources, used, self._knobs)
        model = NgramModel(self._shape, rarity, {"attack": Head(line.weights, line.bias)})
        return Fitted(
            margins=margins(self._bags, rarity, line),
            score=lambda text: model.scores(text)["attack"].probability,
            size=sum(array.nbytes for array in arrays(model).values()),
        )


class Markers:
    """A rule: how many pairs and triples of markers there are, whichever."""

    name = "markers, by rule"

    def __init__(self, rows: Sequence[Row]) -> None:
        self._margins = np.array([self._score(row.text) for row in rows])

    def fitted(self, used: Bools) -> Fitted:  # noqa: ARG002 - a rule learns nothing
        """The rule as it is."""
        return Fitted(self._margins, self._score, 0)

    @staticmethod
    def _score(text: str) -> float:
        shape = Shape(word_bits=1, char_bits=1, words=(), chars=())
        found = [grams(view.text, shape)[-1].buckets - shape.first_role for view in views(text)]
        return float(np.log1p(len(np.unique(np.concatenate(found)))))


class Embedded:
    """Frozen MiniLM embeddings with logistic regression; later tokens than 256 are not read."""

    name = "MiniLM, frozen"

    def __init__(self, rows: Sequence[Row]) -> None:
        self._attacks = attacks(rows)
        self._sources = np.array([family(row.source) for row in rows])
        self._vectors = MiniLM().embed([row.text for row in rows])

    def fitted(self, used: Bools) -> Fitted:
        """Train on the rows used."""
        chosen = np.flatnonzero(used)
        weights = balanced(self._attacks, self._sources, used)[chosen]
        matrix = sparse.csr_array(self._vectors[chosen])
        line = logistic(matrix, self._attacks[chosen], weights, 10.0)
        return Fitted(
            margins=(self._vectors @ line.weights + line.bias).astype(np.float64),
            score=lambda text: float(MiniLM().embed([text])[0] @ line.weights + line.bias),
            size=MODEL.stat().st_size + line.weights.nbytes,
        )


SHIPPED = "n-grams, as shipped"
SHAPES = {
    "words": Shape(char_bits=1, chars=(), roles=False),
    "characters": Shape(word_bits=1, words=(), roles=False),
    "n-grams, without roles": Shape(roles=False),
    "n-grams, a quarter of the buckets": Shape(word_bits=13, char_bits=14),
    "n-grams, four times the buckets": Shape(word_bits=17, char_bits=18),
    SHIPPED: Shape(),
}
QUICK = ("markers, by rule", "n-grams, a quarter of the buckets", SHIPPED)
NAMES = (Markers.name, Embedded.name, *SHAPES)


def prepared(name: str, rows: Sequence[Row], knobs: Knobs) -> Candidate:
    """The candidate of a name, with the rows read."""
    if name == Markers.name:
        return Markers(rows)
    if name == Embedded.name:
        return Embedded(rows)
    return Ngrams(name, rows, SHAPES[name], knobs)
