"""Who may read what now: for code that decides, never for a caller."""

from collections.abc import Iterable
from pathlib import Path

from state.errors import UsageError
from tools.index.backend import Backend
from tools.index.local.backend import opened


def check_rules(applied: str, rules: str) -> None:
    """Refuse to search by other label rules than those that were applied: who may read is not known then.

    Args:
        applied: Digest of the rules that the index has.
        rules: Digest of the rules of this process.

    Raises:
        UsageError: they differ.
    """
    if applied != rules:
        raise UsageError(
            "The index does not have the label rules of this policy (retrieval.labels).",
            "Apply them: `warrant index label`; a server that runs with an older policy has to be restarted.",
        )


def labels_of(where: Backend | Path, rules: str, sources: Iterable[str]) -> dict[str, frozenset[str]]:
    """The labels of those sources that are indexed.

    Raises:
        UsageError: the index has other rules than those of this digest.
        WarrantError: it is damaged or cannot be opened.
    """
    names = list(sources)
    labelled = opened(where).labelled(names) if names else None
    if labelled is None:
        return {}
    check_rules(labelled.rules, rules)
    return labelled.labels
