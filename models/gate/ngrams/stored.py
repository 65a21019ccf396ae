"""The n-gram model of an artefact, and the arrays that it is kept as."""

import numpy as np

from models.gate.artefact import RETRAIN, Array, Artefact
from models.gate.card import Features
from models.gate.ngrams.arrays import Floats
from models.gate.ngrams.features import Shape
from models.gate.ngrams.model import Calibration, Head, NgramModel
from state.errors import UsageError

RARITY = "rarity"


def model(artefact: Artefact) -> NgramModel:
    """The model that the arrays hold.

    Raises:
        UsageError: an array is missing, has another shape than the card says, or holds what is no number.
    """
    features = artefact.card.features
    shape = Shape(**features.model_dump())
    heads = {
        category: Head(
            weights=_column(artefact, f"{category}.weights", shape.columns),
            bias=float(_array(artefact, f"{category}.bias", ())),
            calibration=Calibration(head.calibration.slope, head.calibration.offset),
        )
        for category, head in artefact.card.heads.items()
    }
    return NgramModel(shape, _column(artefact, RARITY, shape.columns), heads)


def arrays(model: NgramModel) -> dict[str, Array]:
    """What `model` reads; half precision moves no margin by more than a thousandth."""
    stored: dict[str, Array] = {RARITY: model.rarity.astype(np.float16)}
    for category, head in model.heads.items():
        stored[f"{category}.weights"] = head.weights.astype(np.float16)
        stored[f"{category}.bias"] = np.array(head.bias)
    return stored


def features(shape: Shape) -> Features:
    """What the card says about the shape."""
    return Features(**{name: getattr(shape, name) for name in Features.model_fields})


def _column(artefact: Artefact, name: str, columns: int) -> Floats:
    return _array(artefact, name, (columns,)).astype(np.float32)


def _array(artefact: Artefact, name: str, shape: tuple[int, ...]) -> Array:
    found = artefact.arrays.get(name)
    if found is None or found.shape != shape or found.dtype.kind != "f" or not np.isfinite(found).all():
        raise UsageError(f"The weights in {artefact.folder} have no usable array {name!r}.", RETRAIN)
    return found
