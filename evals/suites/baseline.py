"""A baseline: a run's results as they are committed, without what differs from machine to machine."""

import sys
from pathlib import Path

from evals.suites.folder import read_run, write_run
from evals.suites.results import RunInfo, Trial

OF_THE_MACHINE = {"seconds"}
"""Scores that another machine would not get."""


def keep(run: Path, baseline: Path) -> None:
    """Write a finished run's results as a baseline.

    Raises:
        UsageError: there is no such run.
    """
    info, trials = read_run(run)
    write_run(baseline, _portable_info(info), [_portable(trial) for trial in trials])


def _portable_info(info: RunInfo) -> RunInfo:
    return info.model_copy(update={"id": "baseline"})


def _portable(trial: Trial) -> Trial:
    """A trial without times and ids, and with the findings of its scorers only where they matter."""
    scores = tuple(
        score.model_copy(update={"detail": {}, "reason": "" if score.passed else score.reason})
        for score in trial.scores
        if score.name not in OF_THE_MACHINE
    )
    return trial.model_copy(update={"scores": scores, "trace_id": None, "seconds": None})


if __name__ == "__main__":
    keep(Path(sys.argv[1]), Path(sys.argv[2]))
