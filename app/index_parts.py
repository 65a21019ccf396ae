"""The index of the settings, and the embedding model of the policy."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.embeddings.names import Embedder
    from state.label_policy import LabelRule
    from tools.index.backend import Backend

SHOWN = 20
"""Files that are named where there is no --json."""

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def folder() -> Path:
    """Where the index lies."""
    from state.settings import settings
    from tools.index import place

    return place.folder(settings())


def backend() -> "Backend":
    """The index, wherever it lies."""
    from state.settings import settings
    from tools.index import place

    return place.backend(settings())


def rules() -> "tuple[LabelRule, ...]":
    """The ACL labels by path that the policy gives."""
    from state.policy import load_policy
    from state.settings import settings

    return load_policy(settings().policy).retrieval.labels


def embedder() -> "Embedder":
    """The model that the policy names."""
    from models.embeddings.names import resolve
    from state.policy import load_policy
    from state.settings import settings

    return resolve(load_policy(settings().policy).models.embedding)
