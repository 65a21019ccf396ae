"""Sources that an encoder is measured on without having seen them, nor attacks that stand in them."""

from collections import Counter
from collections.abc import Sequence

from evals.gate.composing import fold
from evals.gate.encoder_samples import alone
from evals.gate.rows import Row
from evals.gate.splits import THIRDS, WRITTEN, family

FOLDS = (
    (
        *("BIPIA", "smolagents", "starlette", "CLINC150", "GPTeacher", "Giskard-prompt-injections"),
        *("MT-bench", "PromptInject", "awesome-chatgpt-prompts-zh"),
    ),
    (
        *("composite", "garak", "httpx", "instructor", "langgraph", "ours-emails", "tau-bench"),
        *("deepset-prompt-injections", "ours-composite", "ours-trigger-benign"),
    ),
    ("pydantic-ai", "BFCL", "CyberSecEval-FRR", "CyberSecEval-instruct", "self-instruct-seeds"),
)
"""Public sources that are left out together, since the same attacks stand in several of them."""
REPEATED = 20
"""Characters of a line that tells texts with the same attack."""


def split(rows: Sequence[Row], number: int) -> tuple[list[Row], list[Row]]:
    """Rows to learn from and rows to measure on: those of a fold's sources, and a third of what was written.

    What is a left-out text, or repeats a line of a left-out attack, is not learnt from either.
    """
    left = [row for row in rows if _is_left(row, number)]
    ids, texts, lines = {row.id for row in left}, {_plain(row) for row in left}, _attack_lines(left)
    kept = [
        row
        for row in rows
        if row.id not in ids and _plain(row) not in texts and not any(line in row.text for line in lines)
    ]
    return kept, [row for row in left if _is_measured(row)]


def _is_left(row: Row, number: int) -> bool:
    if row.source.startswith(WRITTEN):
        return fold(row.id) % THIRDS == number
    return family(row.source) in FOLDS[number]


def _is_measured(row: Row) -> bool:
    if row.surface == "tool":
        return not alone(row)
    return row.label == 0 or row.category == "direct_injection"


def _plain(row: Row) -> str:
    return " ".join(row.text.lower().split())


def _attack_lines(rows: Sequence[Row]) -> list[str]:
    counts, clean = Counter[str](), set[str]()
    for row in rows:
        lines = {line.strip() for line in row.text.split("\n")}
        if row.label:
            counts.update(line for line in lines if len(line) >= REPEATED)
        else:
            clean |= lines
    return [line for line, count in counts.items() if count > 1 and line not in clean]
