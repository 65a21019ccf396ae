"""Trained classifiers from artefact folders; one that is incomplete or altered does not start."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from models.gate.artefact import RETRAIN, Artefact, read
from models.gate.cascade import Cascade
from models.gate.classifier import Finding
from models.gate.ngrams.model import NgramModel, Scored
from models.gate.ngrams.stored import model
from state.canonical import digest
from state.errors import UsageError
from state.verdict import Place

if TYPE_CHECKING:
    from models.gate.encoder.model import Encoder

Encoders: TypeAlias = "dict[str, Encoder]"
"""Those that were loaded, by the digests of their files: artefacts may share one."""
SHIPPED = Path(__file__).parent / "weights"
ARTEFACTS = ("request", "result")
SURFACES: dict[Place, str] = {"screen": "input", "result": "tool", "release": "tool"}
"""Which texts a place sees."""
REASONS = {
    "direct_injection": "The request seems to set the assistant's instructions aside or to ask for them.",
    "jailbreak": "The request seems to talk the assistant out of its rules.",
    "indirect_injection": "The result seems to hold instructions for the assistant.",
}


class Trained:
    """Scores texts with one artefact; at a place that sees other texts it finds nothing."""

    def __init__(self, folder: Path, encoders: "Encoders | None" = None) -> None:
        """Read and verify the artefact.

        Raises:
            UsageError: the folder is incomplete, damaged, or not what its card says.
        """
        artefact = read(folder)
        self.card = artefact.card
        self._model = model(artefact)
        self._cascade = _cascade(artefact, self._model, {} if encoders is None else encoders)
        self.name = f"{self.card.name}@{self.card.version}"
        self.digest = self.card.digest
        self.categories = frozenset(self.card.heads)
        # The first call builds tables; that must not count against a request's time.
        self._model.judged("Loading.")

    def classify(self, text: str, place: Place) -> Sequence[Finding]:
        """One finding for each head, also below its threshold."""
        if SURFACES[place] != self.card.surface:
            return []
        return [
            Finding(
                category=category,
                score=scored.probability,
                reason=REASONS.get(category, f"The text seems to be of the kind {category}."),
                spans=(scored.span,),
                action=self.card.heads[category].action,
                threshold=self.card.heads[category].threshold,
            )
            for category, scored in self._scores(text).items()
        ]

    def promised(self, place: Place) -> dict[str, float]:
        """What its card promises about a place; nothing about answers, which it was not made from."""
        if place == "release" or SURFACES[place] != self.card.surface:
            return {}
        heads = self.card.heads.items()
        return {category: head.promise.false_alarms for category, head in heads if head.promise}

    def _scores(self, text: str) -> dict[str, Scored]:
        judged = self._model.judged(text)
        found = self._model.scored(judged)
        if self._cascade is not None:
            category, cascade = self._cascade
            found[category] = cascade.refined(judged, found[category])
        return found


def _cascade(artefact: Artefact, model: NgramModel, encoders: Encoders) -> tuple[str, Cascade] | None:
    card = artefact.card.cascade
    if card is None:
        return None
    if card.category not in artefact.card.heads or card.file not in artefact.card.files:
        raise UsageError(f"The card in {artefact.folder} has a cascade without its head or file.", RETRAIN)
    name = artefact.card.files[card.file]
    if name not in encoders:
        encoders[name] = loaded(artefact, card.file)
    score = partial(encoders[name].score, surface=artefact.card.surface)
    return card.category, Cascade(model, card, score)


def loaded(artefact: Artefact, file: str) -> "Encoder":
    """The encoder of an artefact.

    Raises:
        UsageError: the file is none.
    """
    from models.gate.encoder.model import Encoder

    try:
        return Encoder(artefact.contents[file])
    except Exception as error:  # whatever onnxruntime raises for a damaged file
        raise UsageError(f"The encoder in {artefact.folder} cannot be loaded: {error}.", RETRAIN) from error


class Injection:
    """The classifiers that are shipped, as one: for requests, and for what tools return."""

    name = "injection"

    def __init__(self, folder: Path = SHIPPED) -> None:
        """Read and verify the artefacts.

        Raises:
            UsageError: one is incomplete, damaged, or not what its card says.
        """
        encoders: Encoders = {}
        self.parts = tuple(Trained(folder / name, encoders) for name in ARTEFACTS)
        self.digest = digest([part.digest for part in self.parts])
        self.categories = frozenset[str]().union(*(part.categories for part in self.parts))

    def classify(self, text: str, place: Place) -> Sequence[Finding]:
        """One finding for each head of the place, also below its threshold."""
        return [finding for part in self.parts for finding in part.classify(text, place)]

    def promised(self, place: Place) -> dict[str, float]:
        """What the cards promise about the texts of a place."""
        return {category: rate for part in self.parts for category, rate in part.promised(place).items()}


def shipped() -> Injection:
    """The classifiers that are shipped.

    Raises:
        UsageError: the installation is incomplete or damaged.
    """
    return Injection()


def folders(name: str) -> list[Path]:
    """The artefacts of a classifier's name; none for one that is not trained."""
    kind, _, folder = name.partition(":")
    if name == Injection.name:
        return [SHIPPED / part for part in ARTEFACTS]
    return [Path(folder)] if kind == "trained" and folder else []
