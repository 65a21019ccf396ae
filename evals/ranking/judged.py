"""Queries of the test collections: the features of their candidates, and what is judged relevant."""

import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evals.ranking.memory import Memory, Piece
from models.embeddings.names import Embedder
from state.errors import UsageError
from tools.index.ranking.features import features
from tools.index.ranking.fusion import reciprocal
from tools.index.ranking.fusion import scores as fused_scores
from tools.index.ranking.kindred import beside
from tools.index.ranking.scale import Floats

NAMES = ("scifact", "cranfield", "npl", "chunkeval")
PARTS = ("", "train_")
CANDIDATES = 100
"""Of each leg."""
FOLDS = 5


class Judgement(NamedTuple):
    """What helps to answer: a document, or characters of it."""

    document: str
    start: int
    end: int
    gain: float
    by_span: bool


@dataclass(frozen=True)
class Judged:
    """One query with its candidates; arrays have their rows."""

    collection: str
    name: str
    """Id of the query; those of SciFact's training part begin with `train_`."""
    fold: int
    """Queries that share their first relevant passage share the fold."""
    values: Floats
    """Features, shape (n, features)."""
    around: Floats
    """Means of the features over the passages beside each, same shape."""
    seen: Floats
    """Cosine and coverage, shape (n, 2)."""
    baselines: dict[str, Floats]
    """Scores by other means."""
    unit: NDArray[np.int64]
    """What is judged: number of the document, or of the passage itself where spans are judged."""
    gains: Floats
    """By unit."""
    ideal: Floats
    """All gains of the query, also of what is no candidate, highest first."""
    spans: NDArray[np.int64]
    """Number of the document, start and end of each passage, shape (n, 3)."""
    found: tuple[tuple[int, ...], ...]
    """Of each passage, the characters of judged spans it holds: start and end, by pairs."""
    characters: int
    """In the judged spans."""

    def relevant(self) -> NDArray[np.bool_]:
        """Whether each passage is judged relevant; what is not judged is not."""
        return self.gains[self.unit] > 0

    def mixed(self, share: float) -> Floats:
        """Features with that share of those beside."""
        return (1 - share) * self.values + share * self.around


class Collection:
    """A folder with `corpus.jsonl.gz`, `queries.jsonl.gz` and `qrels.tsv`, as BEIR has them."""

    def __init__(self, folder: Path, embedder: Embedder, cache: Path | None = None) -> None:
        self.name = folder.name
        self._folder = folder
        self._embedder = embedder
        self.memory = Memory(folder / "corpus.jsonl.gz", embedder, cache)

    def queries(self) -> Iterator[tuple[str, str, list[Judgement]]]:
        """Id, text and judgements of each query that has a relevant document or span."""
        for part in PARTS:
            path = self._folder / f"{part}queries.jsonl.gz"
            if part and not path.exists():
                continue
            judged = _judgements(self._folder / f"{part}qrels.tsv")
            for record in _records(path):
                if any(one.gain > 0 for one in judged[record["_id"]]):
                    yield part + record["_id"], record["text"], judged[record["_id"]]

    def judged(self, others: Sequence["Collection"] = ()) -> Iterator[tuple[Judged, Judged | None]]:
        """Each query with its candidates here, and with those of one of the others, which answer nothing."""
        every = list(self.queries())
        vectors = self._embedder.embed([text for _, text, _ in every])
        for number, ((name, text, judgements), vector) in enumerate(zip(every, vectors, strict=True)):
            other = others[number % len(others)] if others else None
            yield (
                self._one(name, text, vector, judgements),
                other._one(name, text, vector, []) if other else None,
            )

    def digest(self) -> str:
        """SHA-256 over the names and contents of the files."""
        seen = hashlib.sha256()
        for path in sorted(self._folder.iterdir()):
            seen.update(path.name.encode() + path.read_bytes())
        return seen.hexdigest()

    def _one(self, name: str, text: str, vector: NDArray[np.float32], judgements: list[Judgement]) -> Judged:
        query = self.memory.query(text, vector)
        candidates = self.memory.candidates(query, CANDIDATES)
        made = features(query, candidates)
        pieces = [self.memory.pieces[row] for row in candidates.ids]
        sources = [self.memory.documents[piece.document] for piece in pieces]
        found = tuple(_held(piece, source, judgements) for piece, source in zip(pieces, sources, strict=True))
        unit, gains = _units(sources, found, judgements)
        return Judged(
            collection=self.name,
            name=name,
            fold=_fold(self.name, name, judgements),
            values=np.stack(made, axis=1),
            around=np.stack([beside(candidates, one) for one in made], axis=1),
            seen=np.stack([candidates.dense.astype(np.float64), made.coverage], axis=1),
            baselines={
                "rrf": reciprocal([candidates.sparse_rank, candidates.dense_rank]),
                "fusion": fused_scores(candidates),
            },
            unit=unit,
            gains=gains,
            ideal=np.sort([one.gain for one in judgements if one.gain > 0])[::-1],
            spans=np.array([piece[:1] + piece[2:4] for piece in pieces], np.int64).reshape(-1, 3),
            found=found,
            characters=sum(one.end - one.start for one in judgements if one.by_span),
        )


def _units(
    sources: list[str], found: Sequence[tuple[int, ...]], judgements: list[Judgement]
) -> tuple[NDArray[np.int64], Floats]:
    """What is judged: documents, or each passage for itself; and the gains."""
    if any(one.by_span for one in judgements):
        return np.arange(len(sources)), np.array([float(bool(one)) for one in found])
    gain = {one.document: one.gain for one in judgements}
    names, unit = np.unique(sources, return_inverse=True)
    return unit.astype(np.int64), np.array([gain.get(str(one), 0.0) for one in names])


def _held(piece: Piece, document: str, judgements: list[Judgement]) -> tuple[int, ...]:
    held: list[int] = []
    for one in judgements:
        start, end = max(one.start, piece.start), min(one.end, piece.end)
        if one.by_span and one.document == document and start < end:
            held += [start, end]
    return tuple(held)


def _fold(collection: str, name: str, judgements: list[Judgement]) -> int:
    first = min((one.document, one.start) for one in judgements if one.gain > 0) if judgements else name
    return int(hashlib.sha256(f"{collection}/{first}".encode()).hexdigest(), 16) % FOLDS


def _records(path: Path) -> list[dict[str, str]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]
    except (OSError, EOFError, ValueError) as error:
        raise UsageError(
            f"Cannot read {path}: {error}.", "Give the folder of the collections as --data."
        ) from error


def _judgements(path: Path) -> dict[str, list[Judgement]]:
    found: dict[str, list[Judgement]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        query, document, *rest = line.split("\t")
        if len(rest) == 2:
            found[query].append(Judgement(document, int(rest[0]), int(rest[1]), 1.0, True))
        else:
            found[query].append(Judgement(document, 0, 1 << 62, max(0.0, float(rest[0])), False))
    return found
