"""Putting what the legs proposed in order, and what a caller gets of it."""

from dataclasses import dataclass, field

import numpy as np
from pydantic import SecretStr

from models.rerankers.names import RANKS, Reranker, resolve
from state.passage import Passage, Scores
from state.policy import RetrievalPolicy
from tools.index.backend import Proposal, Reader
from tools.index.candidates import Candidates, Ranked
from tools.index.chunks import embedded
from tools.index.context import Context, widen
from tools.index.ranking import rank
from tools.index.ranking.weights import Weights, shipped


@dataclass(frozen=True)
class Ordering:
    """By the features of the index itself, or by a reranker that sees the best of these."""

    reranker: Reranker | None = None
    depth: int = 30
    """How many passages the reranker sees."""
    by_rank: bool = False
    """Whether Reciprocal Rank Fusion decides instead of the features."""
    least_relevance: float = 0.0
    """Passages of a lower relevance are left out."""
    context: Context = "none"
    """What each passage is widened by."""
    context_chars: int = 3_000
    """Characters of a widened passage."""
    weights: Weights = field(default_factory=shipped)

    def best(self, proposal: Proposal, reader: Reader, count: int) -> list[Passage]:
        """The best passages with all their scores, best first.

        Raises:
            ModelError: the reranker gave no scores.
        """
        found = proposal.candidates
        enough = max(count, self.depth) if self.reranker else count
        # What ranks decide, or what is left out, is known only once all are ranked.
        every = self.by_rank or self.least_relevance > 0
        ranked = rank(proposal.query, found, self.weights, None if every else enough)
        if self.by_rank:
            proposed = [one._replace(score=one.fused) for one in ranked if one.fused > 0]
            ranked = sorted(proposed, key=lambda one: (-one.score, one.row))
        ranked = [one for one in ranked if one.relevance >= self.least_relevance][:enough]
        texts = reader.passages([int(found.ids[one.row]) for one in ranked])
        passages = [
            passage.model_copy(update={"scores": _scores(found, one)})
            for passage, one in zip(texts, ranked, strict=True)
        ]
        if self.reranker:
            passages = self._reranked(proposal.query.text, passages, self.reranker)
        numbers = {passage.id: int(found.ids[one.row]) for passage, one in zip(texts, ranked, strict=True)}
        return self._widened(passages[:count], numbers, reader)

    def _widened(self, passages: list[Passage], numbers: dict[str, int], reader: Reader) -> list[Passage]:
        if self.context == "none":
            return passages
        siblings = [reader.beside(numbers[one.id], self.context_chars) for one in passages]
        texts = {name: reader.source_text(name) or "" for name in {one.source for one in passages}}
        return widen(passages, siblings, texts, self.context, self.context_chars)

    def _reranked(self, query: str, passages: list[Passage], reranker: Reranker) -> list[Passage]:
        """The first ones in the reranker's order, the others behind them as they were."""
        seen, rest = passages[: self.depth], passages[self.depth :]
        scores = reranker.score(query, [embedded(one.title, one.text) for one in seen])
        best = np.argsort(-scores, kind="stable").tolist()
        return [_rescored(seen[place], float(scores[place])) for place in best] + rest


def ordering(policy: RetrievalPolicy, key: SecretStr | None, timeout_seconds: float) -> Ordering:
    """The order that a policy names.

    Args:
        policy: What it says of retrieval.
        key: Sent to a rerank server.
        timeout_seconds: Longest silence of that server.

    Raises:
        UsageError: there is no such reranker.
    """
    return Ordering(
        reranker=resolve(policy.reranker, key, timeout_seconds),
        depth=policy.rerank,
        by_rank=policy.reranker == RANKS,
        least_relevance=policy.least_relevance,
        context=policy.context,
        context_chars=policy.context_chars,
    )


def _rescored(passage: Passage, score: float) -> Passage:
    return passage.model_copy(update={"scores": passage.scores.model_copy(update={"score": score})})


def _scores(found: Candidates, one: Ranked) -> Scores:
    dense, sparse = int(found.dense_rank[one.row]) or None, int(found.sparse_rank[one.row]) or None
    return Scores(
        dense=float(found.dense[one.row]),
        dense_rank=dense,
        sparse=float(found.sparse[one.row]),
        sparse_rank=sparse,
        fused=one.fused,
        score=one.score,
        relevance=one.relevance,
        features=one.features,
    )
