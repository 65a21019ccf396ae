"""Repeats: what several trials of one case say together."""

from collections.abc import Hashable, Iterable, Sequence
from itertools import combinations
from math import comb
from statistics import fmean
from typing import NamedTuple


class OverCases(NamedTuple):
    """A mean over the cases in which a measure is defined."""

    mean: float | None
    """None where it is defined in no case."""
    defined: int
    undefined: int
    """Cases left out of the mean: they have too few trials."""


class Differing(NamedTuple):
    """How often repeats of the same case differ from each other."""

    cases: int
    """Cases whose repeats are not all equal."""
    of_cases: int
    """Cases with at least two repeats."""
    pairs: int
    """Pairs of repeats of one case that differ."""
    of_pairs: int

    @property
    def share(self) -> float | None:
        """The chance that two repeats of a case differ."""
        return self.pairs / self.of_pairs if self.of_pairs else None


def pass_hat(successes: int, trials: int, k: int) -> float | None:
    """The chance that k trials of a case all succeed: pass^k of τ-bench (Yao et al. 2024), without bias.

    None where there are fewer than k trials: it is never imputed.
    """
    _check(successes, trials, k)
    return comb(successes, k) / comb(trials, k) if trials >= k else None


def pass_at(successes: int, trials: int, k: int) -> float | None:
    """The chance that one of k trials of a case succeeds: pass@k of Chen et al. 2021, without bias.

    None where there are fewer than k trials.
    """
    _check(successes, trials, k)
    return 1 - comb(trials - successes, k) / comb(trials, k) if trials >= k else None


def over_cases(values: Iterable[float | None]) -> OverCases:
    """The mean of a measure over cases; an undefined one is left out and counted."""
    listed = list(values)
    defined = [value for value in listed if value is not None]
    return OverCases(fmean(defined) if defined else None, len(defined), len(listed) - len(defined))


def differing(cases: Iterable[Sequence[Hashable]]) -> Differing:
    """How often the repeats of each case differ, whatever they are: passed or not, answers, paths."""
    repeated = [case for case in cases if len(case) > 1]
    pairs = [first != second for case in repeated for first, second in combinations(case, 2)]
    return Differing(sum(len(set(case)) > 1 for case in repeated), len(repeated), sum(pairs), len(pairs))


def _check(successes: int, trials: int, k: int) -> None:
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials")
    if k < 1:
        raise ValueError(f"k is {k}; it has to be at least 1")
