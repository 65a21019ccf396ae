"""The engines: each is built of a corpus, and gives the best passages of a query, some also all scores."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.sparse.corpus import Generated

DEPTH = 100
Scores: TypeAlias = Callable[[Sequence[str]], NDArray[np.float64]]


@dataclass(frozen=True)
class Engine:
    """Something that answers."""

    top: Callable[[Sequence[str]], NDArray[np.int64]]
    """Rows of the best passages, best first, at most DEPTH."""
    scores: Scores | None = None
    """Score of every passage."""


Build: TypeAlias = Callable[[Generated, Path], Engine]


def okapi(corpus: Generated) -> Scores:
    """The definition of the scores."""
    from rank_bm25 import BM25Okapi

    scores: Scores = BM25Okapi([corpus.spelled(one) for one in corpus.passages]).get_scores
    return scores


def rank_bm25(corpus: Generated, _folder: Path) -> Engine:
    """The definition, as it searches."""
    scores = okapi(corpus)
    return Engine(lambda query: best(scores(query)), scores)


def warrant(corpus: Generated, folder: Path) -> Engine:
    """What the index searches, on disk, memory-mapped."""
    from benchmarks.sparse import ours

    opened = ours.built(corpus, folder)
    return Engine(
        lambda query: ours.search(opened, query, DEPTH).leg.ids, lambda query: ours.scores(opened, query)
    )


def bm25s(corpus: Generated, _folder: Path) -> Engine:
    """Of its variants the one that is nearest to BM25Okapi."""
    import bm25s as library

    vocabulary = {word: number for number, word in enumerate(corpus.words)}
    engine = library.BM25(method="robertson", k1=1.5, b=0.75)
    tokens = library.tokenization.Tokenized([one.tolist() for one in corpus.passages], vocabulary)
    engine.index(tokens, show_progress=False)
    count = min(DEPTH, len(corpus.passages))

    def top(query: Sequence[str]) -> NDArray[np.int64]:
        return np.asarray(engine.retrieve([list(query)], k=count, show_progress=False)[0][0], np.int64)

    # It leaves out the constant factor k1 + 1.
    return Engine(top, lambda query: 2.5 * np.asarray(engine.get_scores(list(query)), float))


def tantivy(corpus: Generated, folder: Path) -> Engine:
    """On disk, memory-mapped; its k1 and b are 1.2 and 0.75 and cannot be set."""
    import tantivy as library

    builder = library.SchemaBuilder()
    builder.add_integer_field("row", stored=True)
    builder.add_text_field("text", tokenizer_name="whitespace", index_option="freq")
    index = library.Index(builder.build(), path=str(folder))
    writer = index.writer()
    for row, one in enumerate(corpus.passages):
        writer.add_document(library.Document(row=row, text=" ".join(corpus.spelled(one))))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def top(query: Sequence[str]) -> NDArray[np.int64]:
        hits = searcher.search(index.parse_query(" ".join(query), ["text"]), DEPTH).hits
        return np.array([searcher.doc(address)["row"][0] for _, address in hits], np.int64)

    return Engine(top)


def best(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows of the highest scores, best first."""
    count = min(DEPTH, len(scores))
    rows = np.argpartition(-scores, count - 1)[:count]
    return rows[np.argsort(-scores[rows], kind="stable")]


ENGINES: dict[str, Build] = {"rank_bm25": rank_bm25, "warrant": warrant, "bm25s": bm25s, "tantivy": tantivy}
