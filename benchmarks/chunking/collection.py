"""Test collections: documents, queries, and what answers them as spans or as graded documents."""

import gzip
import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple


class Text(NamedTuple):
    """One document."""

    id: str
    title: str
    text: str


class Query(NamedTuple):
    """One question."""

    id: str
    text: str


@dataclass
class Collection:
    """What is searched, for what, and what was judged; either `spans` or `grades` is filled."""

    name: str
    documents: list[Text]
    queries: list[Query]
    spans: dict[str, dict[str, list[tuple[int, int]]]] = field(default_factory=dict)
    """By query and document: characters that answer."""
    grades: dict[str, dict[str, int]] = field(default_factory=dict)
    """By query and document: above 0."""


def load(folder: Path) -> Collection:
    """The collection in a folder with `corpus.jsonl.gz`, `queries.jsonl.gz` and `qrels.tsv`."""
    documents = [
        Text(str(one["_id"]), one.get("title") or "", one["text"])
        for one in _records(folder / "corpus.jsonl.gz")
        if one["text"].strip()
    ]
    queries = [Query(str(one["_id"]), one["text"]) for one in _records(folder / "queries.jsonl.gz")]
    collection = Collection(folder.name, documents, queries)
    header, *lines = (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()
    if header.split("\t")[2:] == ["start", "end"]:
        spans: dict[str, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
        for query, document, start, end in (line.split("\t") for line in lines):
            spans[query][document].append((int(start), int(end)))
        collection.spans = {query: dict(found) for query, found in spans.items()}
    else:
        grades: dict[str, dict[str, int]] = defaultdict(dict)
        for query, document, grade in (line.split("\t") for line in lines):
            if int(grade) > 0:
                grades[query][document] = int(grade)
        collection.grades = dict(grades)
    judged = collection.spans or collection.grades
    collection.queries = [query for query in queries if query.id in judged]
    return collection


def _records(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
