"""A test collection: a corpus, queries, and what is relevant to them, checked against each other."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from evals.retrieval.judgements import Judgements
from evals.retrieval.judgements import read as read_judgements
from evals.traces.records import records
from state.errors import UsageError

LINE = 'Each line is an object such as {"_id": "7", "text": "…"}; a corpus may have a `title` too.'


@dataclass(frozen=True)
class Collection:
    """What is searched, what is asked, and what is relevant."""

    corpus: Path
    """JSON Lines as BEIR has them, also packed with gzip, or a folder of documents."""
    queries: Mapping[str, str]
    """Id → text, of the queries to which something is relevant."""
    judgements: Judgements
    left_out: int
    """Queries to which nothing is relevant, or that nobody judged."""
    digests: Mapping[str, str]
    """SHA-256 of `corpus`, `queries` and `qrels`."""

    @cached_property
    def is_folder(self) -> bool:
        """Whether the corpus is a folder: its documents are then named by their paths in it."""
        return self.corpus.is_dir()


def load(corpus: Path, queries: Path, qrels: Path) -> Collection:
    """Read a collection.

    Raises:
        UsageError: a file is missing, empty or not in its format, or a judgement is about a query or a
            document that there is not.
    """
    asked, judgements = read_queries(queries), read_judgements(qrels)
    _check(judgements.queries - asked.keys(), "query", qrels, queries)
    _check(judgements.documents - _known(corpus, judgements), "document", qrels, corpus)
    chosen = {query: text for query, text in asked.items() if judgements.relevant(query)}
    if not chosen:
        raise UsageError(
            f"Nothing is relevant to any query of {queries}.", f"Grade documents above 0 in {qrels}."
        )
    digests = {
        name: digest(path) for name, path in (("corpus", corpus), ("queries", queries), ("qrels", qrels))
    }
    return Collection(corpus, chosen, judgements, len(asked) - len(chosen), digests)


def read_queries(path: Path) -> dict[str, str]:
    """The queries of a file by their ids, in its order.

    Raises:
        UsageError: it cannot be read, is empty, or a line has no id or no text.
    """
    found: dict[str, str] = {}
    for at, id_, fields in _lines(path):
        text = fields.get("text")
        if not isinstance(text, str) or not text.strip():
            raise UsageError(f"{path}, line {at}: the query has no `text`.", LINE)
        if id_ in found:
            raise UsageError(f"{path}, line {at}: an earlier line has the id {id_!r}.", "Give each its own.")
        found[id_] = text
    if not found:
        raise UsageError(f"There is no query in {path}.", LINE)
    return found


def documents(path: Path) -> Iterator[tuple[str, str, str]]:
    """Id, title and text of each document of a corpus in JSON Lines.

    Raises:
        UsageError: it cannot be read, or a line has no id.
    """
    for _, id_, fields in _lines(path):
        yield id_, str(fields.get("title") or ""), str(fields.get("text") or "")


def digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents in a folder."""
    seen = hashlib.sha256()
    for one in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if one.is_file():
            seen.update(f"{one.relative_to(path)}\0".encode() if path.is_dir() else b"")
            with one.open("rb") as file:
                seen.update(hashlib.file_digest(file, "sha256").digest())
    return f"sha256:{seen.hexdigest()}"


def _lines(path: Path) -> Iterator[tuple[int, str, dict[str, Any]]]:
    for record in records(path):
        value = record.value
        if record.problem or not isinstance(value, dict):
            raise UsageError(f"{path}, line {record.at}: {record.problem or 'it is no object'}.", LINE)
        id_ = value.get("_id", value.get("id"))
        if not isinstance(id_, str | int) or isinstance(id_, bool) or not str(id_):
            raise UsageError(f"{path}, line {record.at}: it has no `_id`.", LINE)
        yield record.at, str(id_), value


def _known(corpus: Path, judgements: Judgements) -> set[str]:
    """Ids of the corpus; of a folder only those that are judged."""
    if corpus.is_dir():
        return {one for one in judgements.documents if (corpus / one.partition("#")[0]).is_file()}
    found = {id_ for _, id_, _ in _lines(corpus)}
    if not found:
        raise UsageError(f"There is no document in {corpus}.", LINE)
    return found


def _check(unknown: set[str], what: str, qrels: Path, where: Path) -> None:
    if unknown:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise UsageError(
            f"{qrels} judges the {what} {min(unknown)!r}{more}, which is not in {where}.",
            "Name the files that belong together, or take these lines out.",
        )
