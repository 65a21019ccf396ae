"""What a measurement of retrieval found, as it is kept: a header, and a line for each query."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evals.retrieval.metrics import Gain
from evals.traces.records import records
from state.errors import UsageError, WarrantError

WAY_OUT = "Give a file that `warrant eval retrieval --out FILE` wrote."


class Part(BaseModel):
    """Frozen, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Header(Part):
    """What was measured, and on what."""

    kind: Literal["retrieval"] = "retrieval"
    system: str
    """`warrant`, or the name of the file with another system's run."""
    digests: dict[str, str]
    """SHA-256 of `corpus`, `queries` and `qrels`."""
    gain: Gain = "linear"
    embedding: str | None = None
    weights: dict[str, str] = Field(default_factory=dict)
    """Data file of the ranking → SHA-256."""
    passages: int | None = None
    """Passages that the timed search returns."""
    candidates: int | None = None
    """Candidates of each leg."""
    reranker: str | None = None
    index_bytes: int | None = None
    index_passages: int | None = None
    unreadable: int = 0
    """Documents of the corpus that could not be indexed, such as empty ones."""
    left_out: int = 0
    """Queries to which nothing is relevant, or that nobody judged."""
    judgements: int


class Asked(Part):
    """One query."""

    query: str
    metrics: dict[str, float]
    documents: tuple[str, ...]
    """The first hundred, best first."""
    judged_at_10: float
    """Share of the first ten that are judged, relevant or not; 1 for spans, beside which nothing is."""
    embedding_ms: float | None = None
    """Wall-clock milliseconds of the embedding model."""
    search_ms: float | None = None
    """The rest of the search."""
    search_cpu_ms: float | None = None
    """Processor time of the rest, over all threads."""


class Measured(Part):
    """A whole measurement."""

    header: Header
    queries: tuple[Asked, ...]


def write(path: Path, found: Measured) -> None:
    """Keep a measurement as JSON Lines.

    Raises:
        WarrantError: the file cannot be written.
    """
    lines = [found.header.model_dump_json(), *(one.model_dump_json() for one in found.queries)]
    try:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise WarrantError(f"Cannot write {path}: {error.strerror}.", "Name another file.") from error


def read(path: Path) -> Measured:
    """Read what `write` kept.

    Raises:
        UsageError: it cannot be read, or is something else.
    """
    values = [record.value for record in records(path)]
    try:
        return Measured.model_validate({"header": values[0], "queries": values[1:]})
    except (ValidationError, IndexError) as error:
        raise UsageError(f"{path} is no measurement of retrieval.", WAY_OUT) from error
