"""The labels that sources have now, whoever asks: for code that decides, never for a caller."""

import json
from collections.abc import Iterable
from pathlib import Path

from tools.index.catalogue import check_rules, read_meta, reading

AT_ONCE = 500
"""Names in one question; SQLite bounds them."""


def labels_of(folder: Path, rules: str, sources: Iterable[str]) -> dict[str, frozenset[str]]:
    """The labels of those sources that are indexed.

    Args:
        folder: Where the index lies.
        rules: Digest of the label rules of this process.
        sources: Names of sources.

    Raises:
        UsageError: the index has other rules.
        WarrantError: it is damaged or cannot be opened.
    """
    names, found = list(sources), dict[str, frozenset[str]]()
    with reading(folder) as connection:
        if connection is None:
            return found
        check_rules(read_meta(connection), rules)
        for start in range(0, len(names), AT_ONCE):
            part = names[start : start + AT_ONCE]
            rows = connection.execute(
                f"""SELECT source, labels FROM sources JOIN label_sets ON label_sets.id = label_set
                WHERE source IN ({",".join("?" * len(part))})""",
                part,
            )
            found |= {source: frozenset(json.loads(labels)) for source, labels in rows}
    return found
