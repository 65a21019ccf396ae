"""The systems by name."""

import importlib.util
from functools import partial

from benchmarks.retrieval import langchain, lexical, ours
from benchmarks.retrieval.system import Build

OURS = "warrant"
SYSTEMS: dict[str, Build] = {
    OURS: ours.ours,
    "rrf-60 of its legs": ours.fused,
    "rrf-60 of whole documents": langchain.rrf,
    "EnsembleRetriever k=4": partial(langchain.ensemble, k=4),
    "EnsembleRetriever k=10": partial(langchain.ensemble, k=10),
    "BM25Retriever": langchain.bm25,
    "rank_bm25, stemmed": langchain.stemmed,
    "Chroma": langchain.chroma,
    "bm25s": lexical.bm25s,
    "tantivy": lexical.tantivy,
}
"""On whole documents. The first is compared with each other one."""
CHUNKED: dict[str, Build] = {
    OURS: ours.ours,
    "rrf-60 of its legs": ours.fused,
    "EnsembleRetriever k=4, chunks of 4,000": langchain.cut_first(SYSTEMS["EnsembleRetriever k=4"]),
    "EnsembleRetriever k=10, chunks of 4,000": langchain.cut_first(SYSTEMS["EnsembleRetriever k=10"]),
    "EnsembleRetriever k=4, chunks of 800": langchain.cut_first(SYSTEMS["EnsembleRetriever k=4"], 800),
    "EnsembleRetriever k=10, chunks of 800": langchain.cut_first(SYSTEMS["EnsembleRetriever k=10"], 800),
}
"""On long documents with answering spans; LangChain's are cut by RecursiveCharacterTextSplitter."""
NEEDS = {"bm25s": ("bm25s", "Stemmer"), "tantivy": ("tantivy",)}
"""What `pip install --group retrieval-benchmark` brings."""


def missing(name: str) -> str | None:
    """A module that a system needs and that is not installed."""
    return next((one for one in NEEDS.get(name, ()) if importlib.util.find_spec(one) is None), None)
