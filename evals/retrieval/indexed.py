"""The product's index of a collection's corpus, and which document a source of it is."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from evals.retrieval.collection import Collection
from models.embeddings.names import Embedder
from state.errors import UsageError
from state.policy import RetrievalPolicy
from tools.index.ingest import Report, Summary, add
from tools.index.search import Index

NOTE = "evaluated.json"
"""Says beside an index what it was made of."""


class Note(BaseModel):
    """What an index was made of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    corpus: str
    embedding: str


class Indexed(NamedTuple):
    """An index that holds a corpus and nothing else."""

    folder: Path
    summary: Summary


def index(collection: Collection, embedder: Embedder, folder: Path, report: Report | None = None) -> Indexed:
    """Index the corpus below a folder, or go on with what is there of it.

    Raises:
        UsageError: the folder holds something else.
    """
    note = Note(corpus=collection.digests["corpus"], embedding=embedder.name)
    _claim(folder, note)
    below = folder / "index"
    return Indexed(below, add(below, embedder, [collection.corpus], report=report))


def opened(folder: Path, embedder: Embedder, _policy: RetrievalPolicy) -> Index:
    """The index as the product searches it."""
    return Index(folder, embedder)


def namer(collection: Collection) -> Callable[[str], str]:
    """Which document a source is: `PATH#ID` is ID, and a file of a folder is its path in it."""
    if not collection.is_folder:
        # The id may hold a # too; the path is that of the corpus, in one way of writing or another.
        name = f"{collection.corpus.name}#"
        return lambda source: source[source.index(name) + len(name) :]
    known = collection.judgements.documents

    def named(source: str) -> str:
        parts = source.split("/")
        ends = ("/".join(parts[at:]) for at in range(len(parts)))
        return next((end for end in ends if end in known), source)

    return named


def _claim(folder: Path, note: Note) -> None:
    kept = folder / NOTE
    if kept.exists():
        try:
            if Note.model_validate_json(kept.read_bytes()) == note:
                return
        except ValidationError:
            pass
        problem = "holds the index of another corpus or embedding model"
    elif folder.exists() and any(folder.iterdir()):
        problem = "holds something else"
    else:
        folder.mkdir(parents=True, exist_ok=True)
        kept.write_text(note.model_dump_json(), encoding="utf-8")
        return
    raise UsageError(f"{folder} {problem}.", "Name an empty folder as --index, or delete this one.")
