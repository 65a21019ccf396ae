"""What a trained classifier is and what it promises: the schema of `card.json`."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from state.canonical import digest
from state.verdict import Action

Probability: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Sha256: TypeAlias = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
FileName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$")]
"""A file in the artefact's own folder, or beside that folder, where artefacts share it."""


class Part(BaseModel):
    """A part of a card."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Promise(Part):
    """The share of benign texts that is refused at most, how surely, and from how many texts that follows."""

    false_alarms: float = Field(gt=0, lt=1)
    confidence: float = Field(gt=0, lt=1)
    benign: int = Field(ge=1)
    """Benign texts that the classifier was not trained on."""


class CalibrationCard(Part):
    """The logistic curve from margins to probabilities."""

    slope: float = Field(gt=0)
    offset: float
    error: float | None = Field(default=None, ge=0, le=1)
    """Expected calibration error on sources that the model had not seen; None where it was not measured."""


class HeadCard(Part):
    """What one head promises."""

    threshold: Probability
    """Smallest probability from which it acts."""
    action: Action
    """What follows at most, unless the policy says otherwise."""
    calibration: CalibrationCard
    promise: Promise | None
    """None: too few benign texts were left for one."""


class Features(Part):
    """What is counted in a window; see `models/gate/ngrams/features.py`."""

    word_bits: int = Field(ge=1, le=20)
    char_bits: int = Field(ge=1, le=20)
    words: tuple[Annotated[int, Field(ge=1, le=8)], ...]
    chars: tuple[Annotated[int, Field(ge=1, le=16)], ...]
    roles: bool = True
    window: int = Field(default=260, ge=16, le=4096)


class CascadeCard(Part):
    """From when an encoder is asked too, and how both are one: by the weighed sum of their log-odds."""

    category: str
    """The head that it serves."""
    file: FileName = "encoder.onnx"
    asked: Probability
    """Probability of the n-grams from which it is asked."""
    windows: int = Field(default=4, ge=1, le=64)
    """Windows that it is shown at most, the worst ones."""
    ngrams: float = Field(ge=0)
    encoder: float = Field(ge=0)
    offset: float = 0.0
    unasked: float
    """Log-odds that count as the encoder's below that: its mean for clean texts there."""


class DataCard(Part):
    """Rows of one source that the model was trained on."""

    source: str
    licence: str
    rows: int = Field(ge=1)
    attacks: int = Field(ge=0)
    sha256: Sha256
    """Of the sorted digests of the rows' texts and labels."""


class Figure(Part):
    """A measured figure, with its 95 % interval where there is one."""

    value: float
    low: float | None = None
    high: float | None = None


class Card(Part):
    """The whole of `card.json`."""

    schema_version: Literal[1] = 1
    name: str = Field(min_length=1, max_length=100)
    version: int = Field(ge=1)
    created: str = Field(pattern=r"^\d{4}-\d\d-\d\d$")
    surface: Literal["input", "tool"]
    heads: dict[str, HeadCard] = Field(min_length=1)
    features: Features
    cascade: CascadeCard | None = None
    files: dict[FileName, Sha256] = Field(min_length=1)
    data: tuple[DataCard, ...]
    splits: str
    """Who was trained on, who was judged."""
    metrics: dict[str, dict[str, Figure]]
    """Figures of each head."""
    limits: tuple[str, ...] = ()
    """What it does not do."""

    @property
    def digest(self) -> str:
        """Of all that makes its verdicts: weights, thresholds, and the data behind them."""
        said = self.model_dump(mode="json", include={"heads", "features", "cascade", "files", "data"})
        return digest(said)
