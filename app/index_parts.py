"""The index of the settings, and the embedding model of the policy."""

from typing import TYPE_CHECKING, Annotated

import typer

from state.errors import UsageError

if TYPE_CHECKING:
    from models.embeddings.names import Embedder
    from state.label_policy import LabelRule
    from tools.index.backend import Backend
    from tools.index.local.backend import LocalBackend

SHOWN = 20
"""Files that are named where there is no --json."""

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


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


def impatient() -> "Backend":
    """The index, wherever it lies; where another process writes to it, that is an error at once."""
    from state.settings import settings
    from tools.index import place

    return place.backend(settings(), wait=0)


def local(instead: str) -> "LocalBackend":
    """The index in its folder.

    Args:
        instead: What does the same for one in PostgreSQL.

    Raises:
        UsageError: it lies in PostgreSQL.
    """
    from state.settings import settings
    from tools.index import place

    if settings().index_url:
        raise UsageError(
            "The index lies in PostgreSQL (WARRANT_INDEX_URL), which has tools of its own for this.", instead
        )
    return place.local(settings())


def embedder() -> "Embedder":
    """The model that the policy names."""
    from models.embeddings.names import resolve
    from state.policy import load_policy
    from state.settings import settings

    return resolve(load_policy(settings().policy).models.embedding)
