"""Finding passages: what the legs propose of what the caller may read, ranked."""

from pathlib import Path

import numpy as np

from models.embeddings.names import Embedder
from state.errors import WarrantError
from state.passage import Passage, Scores
from tools.index.backend import Backend
from tools.index.candidates import Candidates, Ranked
from tools.index.fusion import fuse
from tools.index.local.backend import opened

NOTHING = "The index is empty. Add documents to it: `warrant index add PATH`."


class UnknownSourceError(WarrantError):
    """No such source, or none that the caller may read: the two look alike."""


class Index:
    """An index open for searching. It blocks and is thread-safe; nothing is opened before the first search.

    Each search sees one consistent version of the index, also while another process writes.
    """

    def __init__(self, where: Backend | Path, embedder: Embedder) -> None:
        """Take an index, or the folder in which it lies, and the model that made its vectors."""
        self._backend = opened(where)
        self._embedder = embedder

    def search(self, query: str, passages: int, candidates: int, labels: frozenset[str]) -> list[Passage]:
        """The best passages, best first.

        Args:
            query: What is looked for.
            passages: How many are returned at most.
            candidates: How many each of the two legs proposes.
            labels: ACL labels that the caller holds; other passages take part in nothing.

        Raises:
            UsageError: the index was made with another embedding model.
            WarrantError: the index is damaged or cannot be opened.
        """
        with self._backend.reading(self._embedder, labels) as reader:
            if reader is None:
                return []
            proposal = reader.propose(query, self._embedder.embed([query])[0], candidates)
            if proposal is None:
                return []
            found = proposal.candidates
            ranked = _fused(found)[:passages]
            kept = reader.passages([int(found.ids[one.row]) for one in ranked])
            return [
                passage.model_copy(update={"scores": _scores(found, one)})
                for passage, one in zip(kept, ranked, strict=True)
            ]

    def source_text(self, source: str, labels: frozenset[str]) -> str:
        """The extracted text of a source, to which the offsets of its passages refer.

        Raises:
            UnknownSourceError: there is none that this caller may read.
        """
        with self._backend.reading(self._embedder, labels) as reader:
            text = None if reader is None else reader.source_text(source)
        if text is None:
            raise UnknownSourceError(f"There is no source {source!r}.", "See `warrant index status`.")
        return text

    def is_empty(self) -> bool:
        """Whether there is nothing to be found, whoever asks."""
        return self._backend.is_empty()


def _fused(found: Candidates) -> list[Ranked]:
    """Reciprocal Rank Fusion of what the legs proposed."""
    rankings = []
    for ranks in (found.dense_rank, found.sparse_rank):
        rows = np.flatnonzero(ranks)
        rankings.append(rows[np.argsort(ranks[rows])].tolist())
    return [Ranked(row, score, score, 0.0, {}) for row, score in fuse(*rankings).items()]


def _scores(found: Candidates, one: Ranked) -> Scores:
    dense, sparse = int(found.dense_rank[one.row]) or None, int(found.sparse_rank[one.row]) or None
    return Scores(
        dense=float(found.dense[one.row]) if dense else None,
        dense_rank=dense,
        sparse=float(found.sparse[one.row]) if sparse else None,
        sparse_rank=sparse,
        fused=one.fused,
        score=one.score,
    )
