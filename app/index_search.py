"""`warrant index search`: retrieval alone."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from app.index_parts import Json, backend, embedder

if TYPE_CHECKING:
    from state.passage import Passage

EPILOG = 'Example: warrant index search "return shipping" --passages 3'


def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    passages: Annotated[
        int | None, typer.Option(min=1, max=50, help="How many; the policy's number if left out.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the passages that fit best, with their scores: retrieval alone, without an answer."""
    from models.embeddings.names import resolve
    from state.label_policy import rules_digest
    from state.passage import aged
    from state.policy import load_policy
    from state.settings import settings
    from tools.index.ordering import ordering
    from tools.index.search import NOTHING, Index

    whole = load_policy(settings().policy)
    policy = whole.retrieval
    order = ordering(policy, settings().reranker_key, whole.models.timeout_seconds)
    index = Index(backend(), embedder(), order, rules=rules_digest(policy.labels), resolve=resolve)
    count = passages or policy.passages
    found = aged(
        index.search(query, count, policy.candidates, settings().held_labels()),
        policy.max_age_days,
        datetime.now(UTC),
    )
    if as_json:
        typer.echo(json.dumps({"passages": [one.model_dump(mode="json") for one in found]}))
        return
    if not found:
        typer.echo(NOTHING if index.is_empty() else "Nothing found.", err=True)
    for passage in found:
        relevance = passage.scores.relevance or 0.0
        typer.echo(f"{relevance:.2f}  {passage.source} [{passage.start}:{passage.end}]{_age(passage)}")
        typer.echo(f"        {' > '.join(passage.title)}\n        {' '.join(passage.text.split())[:200]}")


def _age(passage: "Passage") -> str:
    """When its source changed, and whether it is to be read again."""
    changed = f"  changed {passage.changed_at[:10]}" if passage.changed_at else ""
    return f"{changed}, stale: last read {(passage.read_at or 'never')[:10]}" if passage.stale else changed
