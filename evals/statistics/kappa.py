"""Agreement of two who judge the same: Cohen's kappa."""

from collections.abc import Sequence
from typing import NamedTuple, Self


class Table(NamedTuple):
    """How often a judge and people said what: the confusion matrix, people's label being the truth."""

    true_good: int
    """Both say good."""
    false_bad: int
    """Good, and the judge says bad."""
    false_good: int
    true_bad: int

    @classmethod
    def of(cls, judged: Sequence[bool], truth: Sequence[bool]) -> Self:
        """The table of verdicts and truths, item by item."""
        pairs = list(zip(truth, judged, strict=True))
        return cls(
            *(pairs.count(pair) for pair in ((True, True), (True, False), (False, True), (False, False)))
        )

    @property
    def good(self) -> int:
        """Items that are good."""
        return self.true_good + self.false_bad

    @property
    def bad(self) -> int:
        """Items that are bad."""
        return self.false_good + self.true_bad


def kappa(table: Table) -> float | None:
    """Cohen's kappa (1960): agreement beyond what the margins alone would give; None without variation."""
    a, b, c, d = table
    n = a + b + c + d
    by_chance = (a + b) * (a + c) + (c + d) * (b + d)
    return None if n * n == by_chance else (n * (a + d) - by_chance) / (n * n - by_chance)
