"""What ranking costs on made-up candidates: `OPENBLAS_NUM_THREADS=1 python -m benchmarks.ranking`."""

from statistics import median, quantiles
from time import perf_counter

import numpy as np

from tools.index.candidates import Candidates, Query
from tools.index.ranking import rank
from tools.index.ranking.weights import shipped

VOCABULARY = 50_000
DIMENSIONS = 384
TERMS = 100
"""Of a passage."""
REPEATS = 500


def made(count: int, seed: int = 0) -> tuple[Query, Candidates]:
    """A query of eight terms and passages of which most have some of them."""
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(count, DIMENSIONS)) + 0.5
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    weights = random.uniform(1, 9, VOCABULARY)
    asked = random.integers(1, VOCABULARY, 8).astype(np.int32)
    terms = [random.integers(1, VOCABULARY, TERMS).astype(np.int32) for _ in range(count)]
    for one in terms:
        one[random.integers(0, TERMS, 4)] = random.choice(asked, 4)
    ranks = random.permutation(count).astype(np.int32)
    query = Query("", vectors[0], asked, weights[asked])
    return query, Candidates(
        ids=np.arange(count),
        sources=np.arange(count) // 3,
        positions=(np.arange(count) % 3).astype(np.int32),
        sparse=random.uniform(0, 30, count),
        dense=vectors @ vectors[0],
        sparse_rank=np.where(ranks < 100, ranks + 1, 0).astype(np.int32),
        dense_rank=np.where(ranks >= count - 100, count - ranks, 0).astype(np.int32),
        vectors=vectors,
        terms=terms,
        title_terms=np.zeros(count, np.int32),
        mean_length=float(TERMS),
        idf=lambda numbers: weights[numbers],
    )


def main() -> None:
    """Milliseconds of a ranking by the number of candidates."""
    weights = shipped()
    for count in (50, 100, 200, 300):
        query, candidates = made(count)
        taken = []
        for _ in range(REPEATS):
            start = perf_counter()
            rank(query, candidates, weights)
            taken.append(1000 * (perf_counter() - start))
        print(f"{count} candidates: median {median(taken):.2f} ms, p95 {quantiles(taken, n=20)[-1]:.2f} ms")


if __name__ == "__main__":
    main()
