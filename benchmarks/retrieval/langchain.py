"""What LangChain offers: BM25Retriever, Chroma, and the EnsembleRetriever of both, with stock settings."""

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias
from uuid import uuid4

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.runnables import Runnable

from benchmarks.retrieval.system import RANKED, Build, Corpus, Searching, Text
from evals.retrieval.metrics import Found
from evals.retrieval.timed import Timed

Retriever: TypeAlias = Runnable[str, list[Document]]
BATCH = 1_000
"""Chroma takes no more than about 5,000 at once."""


class Adapter(Embeddings):
    """Our embedding model as LangChain's."""

    def __init__(self, embedder: Timed) -> None:
        self._embedder = embedder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """A vector for each text."""
        return self._embedder.embed(texts).tolist()  # type: ignore[no-any-return]

    def embed_query(self, text: str) -> list[float]:
        """The vector of one text."""
        return self.embed_documents([text])[0]


def ensemble(corpus: Corpus, k: int) -> Searching:
    """BM25 and Chroma, each giving k, in equal parts."""
    from langchain_classic.retrievers import EnsembleRetriever

    legs = [_bm25(corpus, k), _chroma(corpus, k)]
    return _searching(EnsembleRetriever(retrievers=legs, weights=[0.5, 0.5]))


def bm25(corpus: Corpus, k: int = RANKED) -> Searching:
    """The default tokenizer: `text.split()`."""
    return _searching(_bm25(corpus, k))


def stemmed(corpus: Corpus, k: int = RANKED) -> Searching:
    """rank_bm25 with stop words and stemming: our analyser."""
    from models.text import terms

    return _searching(_bm25(corpus, k, terms))


def chroma(corpus: Corpus, k: int = RANKED) -> Searching:
    return _searching(_chroma(corpus, k))


def rrf(corpus: Corpus, k: int = RANKED) -> Searching:
    """The textbook's hybrid: stemmed BM25 and Chroma over whole documents, by RRF with k = 60."""
    from langchain_classic.retrievers import EnsembleRetriever

    from models.text import terms

    legs = [_bm25(corpus, k, terms), _chroma(corpus, k)]
    return _searching(EnsembleRetriever(retrievers=legs, weights=[0.5, 0.5]))


def cut_first(build: Build, characters: int = 4_000, overlap: int = 200) -> Build:
    """The same system on what RecursiveCharacterTextSplitter makes of each document, by its defaults."""

    def built(corpus: Corpus) -> Searching:
        return build(corpus._replace(texts=_chunks(corpus.texts, characters, overlap)))

    return built


def _chunks(texts: Sequence[Text], characters: int, overlap: int) -> list[Text]:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        chunk_size=characters, chunk_overlap=overlap, add_start_index=True
    )
    return [
        Text(text.document, start, start + len(chunk.page_content), chunk.page_content)
        for text in texts
        for chunk in splitter.create_documents([text.content])
        for start in [chunk.metadata["start_index"]]
    ]


def _documents(corpus: Corpus) -> list[Document]:
    return [
        Document(text.content, metadata={"document": text.document, "start": text.start, "end": text.end})
        for text in corpus.texts
    ]


def _bm25(corpus: Corpus, k: int, analyse: Callable[[str], list[str]] = str.split) -> Retriever:
    with warnings.catch_warnings():
        # The package says on import that it is being sunset.
        warnings.simplefilter("ignore", DeprecationWarning)
        from langchain_community.retrievers import BM25Retriever

    return BM25Retriever.from_documents(_documents(corpus), preprocess_func=analyse, k=k)


def _chroma(corpus: Corpus, k: int) -> Retriever:
    import chromadb
    from chromadb.config import Settings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from langchain_community.vectorstores.chroma import Chroma

        client = chromadb.EphemeralClient(Settings(anonymized_telemetry=False))
        store = Chroma(uuid4().hex, Adapter(corpus.embedder), client=client)
    documents = _documents(corpus)
    for at in range(0, len(documents), BATCH):
        store.add_documents(documents[at : at + BATCH])
    return store.as_retriever(search_kwargs={"k": k})


def _searching(retriever: Retriever) -> Searching:
    rank = partial(_rank, retriever)
    return Searching(rank, rank)


def _rank(retriever: Retriever, query: str) -> list[Found]:
    return [
        Found(one.metadata["document"], one.metadata["start"], one.metadata["end"])
        for one in retriever.invoke(query)
    ]
