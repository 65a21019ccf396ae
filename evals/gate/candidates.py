"""Ways to tell attacks from benign texts, by name: what the table compares."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from scipy import sparse
from scipy.special import logit

from evals.gate.cascade import both, worst
from evals.gate.crossing import margins, trained
from evals.gate.examples import Example
from evals.gate.fitting import Doubles, Knobs, balanced, logistic
from evals.gate.heads import ARTEFACTS, attacks
from evals.gate.judged import PLACES
from evals.gate.splits import weighed_as
from evals.gate.training import HeadRecipe, prepared
from models.embeddings.minilm import MODEL, MiniLM
from models.gate.encoder.model import WEIGHTS, Encoder
from models.gate.ngrams.arrays import Bools
from models.gate.ngrams.features import Shape, grams
from models.gate.ngrams.model import Calibration, NgramModel
from models.gate.ngrams.model import Head as Weighed
from models.gate.ngrams.stored import arrays
from models.gate.trained import SHIPPED, Trained
from models.gate.views.reading import views
from state.errors import UsageError


@dataclass(frozen=True)
class Fitted:
    """A candidate that was trained."""

    margins: Doubles
    """Of all examples it was made with; higher is worse."""
    score: Callable[[str], float]
    """The margin of one text, from its characters."""
    size: int
    """Bytes of its weights."""


class Candidate(Protocol):
    """A way to tell attacks; it reads the examples once, then is trained on parts of them."""

    @property
    def name(self) -> str:
        """As the table calls it."""
        ...

    def fitted(self, used: Bools) -> Fitted:
        """Train on the examples used."""
        ...


class Ngrams:
    """Hashed n-grams of windows with logistic regression, the worst window counting."""

    def __init__(self, name: str, examples: Sequence[Example], shape: Shape, knobs: Knobs) -> None:
        self.name, self._knobs = name, knobs
        self._data = prepared(examples, shape)
        self._known = dict[bytes, Fitted]()

    def fitted(self, used: Bools) -> Fitted:
        """Train on the examples used, once."""
        key = used.tobytes()
        if key not in self._known:
            self._known[key] = self._fitted(used)
        return self._known[key]

    def _fitted(self, used: Bools) -> Fitted:
        data = self._data
        rarity, line = trained(data.bags, data.attacks, data.sources, used, self._knobs, holding=data.holding)
        model = NgramModel(data.bags.shape, rarity, {"attack": Weighed(line.weights, line.bias)})
        return Fitted(
            margins=margins(data.bags, rarity, line),
            score=lambda text: model.scores(text)["attack"].probability,
            size=sum(array.nbytes for array in arrays(model).values()),
        )


class Markers:
    """A rule: how many pairs and triples of markers there are, whichever."""

    name = "markers, by rule"

    def __init__(self, examples: Sequence[Example]) -> None:
        self._margins = np.array([self._score(one.row.text) for one in examples])

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

    def __init__(self, examples: Sequence[Example]) -> None:
        self._attacks = attacks([one.row for one in examples])
        self._sources = np.array([weighed_as(one) for one in examples])
        self._vectors = MiniLM().embed([one.row.text for one in examples])

    def fitted(self, used: Bools) -> Fitted:
        """Train on the examples used."""
        chosen = np.flatnonzero(used)
        weights = balanced(self._attacks, self._sources, used)[chosen]
        matrix = sparse.csr_array(self._vectors[chosen])
        line = logistic(matrix, self._attacks[chosen], weights, 10.0)
        return Fitted(
            margins=(self._vectors @ line.weights + line.bias).astype(np.float64),
            score=lambda text: float(MiniLM().embed([text])[0] @ line.weights + line.bias),
            size=MODEL.stat().st_size + line.weights.nbytes,
        )


class Encoded:
    """The fine-tuned encoder alone, by those of its recipe that had not seen the texts."""

    name = "encoder, fine-tuned"

    def __init__(self, examples: Sequence[Example], odds: Mapping[str, float]) -> None:
        self._surface = examples[0].row.surface
        self._odds = _known(examples, odds)
        self._encoder = Encoder()

    def fitted(self, used: Bools) -> Fitted:  # noqa: ARG002 - it was trained before
        """What was said of the examples while their sources were left out."""
        return Fitted(
            margins=self._odds,
            score=lambda text: float(worst(self._encoder, [text], self._surface)[0]),
            size=WEIGHTS.stat().st_size,
        )


class Staged:
    """Both stages, joined as they are in the shipped classifier."""

    name = "n-grams and encoder, as shipped"

    def __init__(self, given: "Given") -> None:
        head = given.recipe.head
        (folder,) = (SHIPPED / name for name, heads in ARTEFACTS.items() if head in heads)
        self._shipped, self._head = Trained(folder), head
        self._ngrams = given.plain
        self._odds = _known(given.examples, given.odds)

    def fitted(self, used: Bools) -> Fitted:
        """N-grams trained on the examples used, and the encoder's scores while sources were left out."""
        card = self._shipped.card
        said, cascade = card.heads[self._head.category].calibration, card.cascade
        if cascade is None:
            raise UsageError("The shipped classifier has no second stage.", "Leave this candidate out.")
        inner, curve = self._ngrams.fitted(used), Calibration(said.slope, said.offset)
        alone = np.array([curve.probability(float(margin)) for margin in inner.margins])
        together = both(cascade, alone, self._odds)
        place, size = PLACES[self._head.surface], WEIGHTS.stat().st_size
        return Fitted(
            margins=np.where(np.isnan(self._odds), np.nan, logit(together)),
            score=lambda text: max(one.score for one in self._shipped.classify(text, place)),
            size=inner.size + size,
        )


def _known(examples: Sequence[Example], odds: Mapping[str, float]) -> Doubles:
    found = np.array([odds.get(one.row.id, np.nan) for one in examples])
    for label in (0, 1):
        if np.isnan(found[[one.row.label == label for one in examples]]).all():
            raise UsageError(
                "The encoder's scores are of other texts.", "Run `python -m evals.gate.encoder_training`."
            )
    return found


ENCODED = (Encoded.name, Staged.name)
"""Candidates whose encoder was trained before: there is nothing to say of them within the sources."""
PLAIN = "n-grams, as shipped"
SHAPES = {
    "words": Shape(char_bits=1, chars=(), roles=False),
    "characters": Shape(word_bits=1, words=(), roles=False),
    "n-grams, a quarter of the buckets": Shape(word_bits=13, char_bits=14),
    PLAIN: Shape(),
}
QUICK = ("markers, by rule", "n-grams, a quarter of the buckets", PLAIN)
NAMES = (Markers.name, Embedded.name, *SHAPES, *ENCODED)


@dataclass(frozen=True)
class Given:
    """What the candidates for a head are made from."""

    recipe: HeadRecipe
    examples: Sequence[Example]
    odds: Mapping[str, float]
    """The encoder's, by the rows' ids."""

    @cached_property
    def plain(self) -> Ngrams:
        """The shipped first stage, which also stands before the encoder."""
        return Ngrams(PLAIN, self.examples, SHAPES[PLAIN], self.recipe.knobs)

    def candidate(self, name: str) -> Candidate:
        """The candidate of a name, with the examples read."""
        if name == Markers.name:
            return Markers(self.examples)
        if name == Embedded.name:
            return Embedded(self.examples)
        if name == Encoded.name:
            return Encoded(self.examples, self.odds)
        if name == Staged.name:
            return Staged(self)
        if name == PLAIN:
            return self.plain
        return Ngrams(name, self.examples, SHAPES[name], self.recipe.knobs)
