"""Random worlds for `benchmarks.leakage`: documents with labels and a canary each, callers, questions."""

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.text import terms
from state.label_policy import LabelRule, rules_digest
from tools.index.ingest import add
from tools.index.search import Index

LABELS = ("board", "hr", "legal")
EVERY = frozenset(LABELS)
WORDS = [
    "return",
    "shipping",
    "order",
    "refund",
    "invoice",
    "salary",
    "contract",
    "merger",
    "audit",
    "notice",
]
PARAGRAPHS = 6


class Hashing:
    """A deterministic embedding model without weights: each term adds to the place that its hash names."""

    name, dimensions = "hashing", 48

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (n, 48), each of norm 1."""
        vectors = np.full((len(texts), self.dimensions), 1e-3, np.float32)
        for row, text in enumerate(texts):
            for term in terms(text):
                vectors[row, int(hashlib.sha256(term.encode()).hexdigest(), 16) % self.dimensions] += 1
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@dataclass(frozen=True)
class Source:
    """A document, who may read it, and the word that stands in no other one."""

    path: Path
    labels: frozenset[str]
    canary: str


class World:
    """Documents whose labels come from front matter, sidecars and rules, and their index."""

    def __init__(self, folder: Path, seed: int, documents: int) -> None:
        """Write the documents, and index them all."""
        self.folder, self.chance = folder, random.Random(seed)
        self.embedder = Hashing()
        self.rules = tuple(LabelRule(path=f"by_rule/{one}/**", labels=(one,)) for one in LABELS)
        self.sources = [self._write(number) for number in range(documents)]
        self.index = self.indexed("all", self.sources)

    def indexed(self, name: str, sources: Sequence[Source]) -> Index:
        """An index of these documents alone."""
        home = self.folder / name
        if sources:
            add(home, self.embedder, [one.path for one in sources], rules=self.rules)
        return Index(home, self.embedder, rules=rules_digest(self.rules))

    def readable(self, held: frozenset[str]) -> list[Source]:
        """What a holder of these labels may read."""
        return [one for one in self.sources if one.labels <= held]

    def secret(self, held: frozenset[str]) -> list[Source]:
        """What a holder of these labels may not read."""
        return [one for one in self.sources if not one.labels <= held]

    def callers(self, count: int) -> list[frozenset[str]]:
        """Callers who hold some labels, never all of them."""
        sets = [frozenset(one for at, one in enumerate(LABELS) if bits >> at & 1) for bits in range(7)]
        return self.chance.sample(sets, min(count, len(sets)))

    def queries(self, count: int) -> Iterator[str]:
        """Questions in words of the documents, and canaries of any of them."""
        for _ in range(count):
            words = self.chance.choices(WORDS, k=self.chance.randint(1, 4))
            canary = [self.chance.choice(self.sources).canary] if self.chance.random() < 0.5 else []
            yield " ".join([*words, *canary])

    def _write(self, number: int) -> Source:
        labels = [one for one in LABELS if self.chance.random() < 0.35]
        canary = f"canary{self.chance.getrandbits(48):012x}"
        ruled = self.chance.random() < 0.4 and bool(labels)
        folder = self.folder / "documents" / (f"by_rule/{labels[0]}" if ruled else "elsewhere")
        folder.mkdir(parents=True, exist_ok=True)
        path, rest = folder / f"{number}.md", labels[1:] if ruled else labels
        if self.chance.random() < 0.5:
            path.with_name(path.name + ".labels.toml").write_text(f"labels = {json.dumps(rest)}", "utf-8")
            rest = []
        count = self.chance.randint(1, PARAGRAPHS)
        paragraphs = [" ".join([*self.chance.choices(WORDS, k=40), canary, "."]) for _ in range(count)]
        head = f"---\nlabels: {json.dumps(rest)}\n---\n" if rest else ""
        path.write_text(f"{head}# {self.chance.choice(WORDS)}\n\n" + "\n\n".join(paragraphs), "utf-8")
        return Source(path, frozenset(labels), canary)
