"""Rows with the verdicts of a gate, as it judges them where it stands."""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from evals.gate.rows import Row
from models.gate.judging import Judging
from state.verdict import Place, Verdict

PLACES: dict[str, Place] = {"input": "screen", "tool": "result"}
EVERY = 1000
"""Texts between two lines of progress."""


class Judged(NamedTuple):
    """A row, what the gate decided, and how long it took."""

    row: Row
    verdict: Verdict
    milliseconds: float

    @property
    def likeliest(self) -> float:
        """The highest score of all that was looked for."""
        found = self.verdict.score if self.verdict.category != "ok" else 0.0
        return max([found, *self.verdict.scores.values()])

    def score(self, category: str) -> float:
        """The score of a category where it was looked for, else the highest of all."""
        return self.verdict.scores.get(category, self.likeliest)


async def judge(rows: Sequence[Row], places: Mapping[Place, Judging]) -> list[Judged]:
    """Judge the rows one after the other, each at the place of its surface."""
    found = []
    for number, row in enumerate(rows, 1):
        started = time.perf_counter()
        verdict = await places[PLACES[row.surface]].judged(row.text)
        found.append(Judged(row, verdict, (time.perf_counter() - started) * 1e3))
        if number % EVERY == 0:
            sys.stderr.write(f"{number} of {len(rows)} texts judged\n")
    return found
