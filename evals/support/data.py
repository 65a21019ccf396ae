"""Claims with human labels, and their features."""

import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import models.faithfulness
from models.faithfulness.checker import features
from models.faithfulness.features import Encoder
from models.faithfulness.reading import Read, nearest, pieces
from state.errors import UsageError

KINDS = {"begin": "dialogue", "scifact_claims": "scientific", "wice": "encyclopaedic"}
"""The data sets, and the kind of text that each is of."""


@dataclass(frozen=True)
class Examples:
    """One data set as numbers."""

    name: str
    digest: str
    columns: tuple[str, ...]
    x: NDArray[np.float64]
    y: NDArray[np.bool_]
    groups: NDArray[np.int64]
    """Examples that share a context or a claim have the same number."""

    @property
    def kind(self) -> str:
        """The kind of text."""
        return KINDS[self.name]

    def column(self, name: str) -> NDArray[np.float64]:
        """One feature of every example."""
        return self.x[:, self.columns.index(name)]


def read(folder: Path, name: str, encoder: Encoder, cache: Path | None = None) -> Examples:
    """The examples of `NAME.jsonl.gz`: `{context, response, supported}`; context is a text or sentences.

    Raises:
        UsageError: the file is missing or not in this format.
    """
    path = folder / f"{name}.jsonl.gz"
    try:
        raw = path.read_bytes()
        rows = [json.loads(line) for line in gzip.decompress(raw).splitlines()]
        contexts = [_context(row["context"]) for row in rows]
        claims = [str(row["response"]) for row in rows]
        labels = np.array([bool(row["supported"]) for row in rows])
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise UsageError(
            f"{path} cannot be read: {error}.", "Each line needs context, response and supported (0 or 1)."
        ) from error
    digest = hashlib.sha256(raw).hexdigest()
    groups = _groups(contexts, claims)
    key = f"{name}-{hashlib.sha256((digest + _code()).encode()).hexdigest()[:16]}.npz"
    if cache is not None and (cache / key).is_file():
        with np.load(cache / key) as kept:
            return Examples(name, digest, tuple(kept["columns"].tolist()), kept["x"], labels, groups)
    found = [row(claim, [context], encoder) for claim, context in zip(claims, contexts, strict=True)]
    columns, x = tuple(found[0]), np.array([list(one.values()) for one in found], np.float64)
    if cache is not None:
        cache.mkdir(parents=True, exist_ok=True)
        np.savez(cache / key, columns=np.array(columns), x=x)
    return Examples(name, digest, columns, x, labels, groups)


def row(claim: str, evidence: Sequence[str], encoder: Encoder) -> Mapping[str, float]:
    """The features of one claim, as the checker computes them."""
    said, everything = Read(claim), pieces(evidence, claim) or [Read("")]
    return features(said, nearest(said, everything), everything, encoder)


def _context(context: str | list[str]) -> str:
    return context if isinstance(context, str) else "\n\n".join(context)


def _groups(contexts: Sequence[str], claims: Sequence[str]) -> NDArray[np.int64]:
    """Connected components: no context and no claim is in two of them."""
    parent = dict[tuple[str, str], tuple[str, str]]()

    def root(node: tuple[str, str]) -> tuple[str, str]:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    for context, claim in zip(contexts, claims, strict=True):
        parent[root(("context", context))] = root(("claim", claim))
    numbers = dict[tuple[str, str], int]()
    return np.array([numbers.setdefault(root(("context", one)), len(numbers)) for one in contexts])


def _code() -> str:
    """The source of the features: a cache of another version is not read."""
    folder = Path(models.faithfulness.__file__).parent
    names = ("features", "numbers", "polarity", "reading")
    return "".join((folder / f"{name}.py").read_text(encoding="utf-8") for name in names)
