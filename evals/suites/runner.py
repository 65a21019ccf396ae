"""Running a suite: every case so many times, several at once, each trial kept as soon as it ends."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from evals.cases.case import Case
from evals.cases.dataset import fingerprint, version
from evals.suites.agent import Agent, Played
from evals.suites.controls import controls
from evals.suites.folder import (
    RUN,
    TRACES,
    append,
    append_trial,
    line,
    mend,
    read_info,
    read_trials,
    sole_writer,
    write_cases,
    write_info,
)
from evals.suites.infrastructure import InfrastructureError
from evals.suites.results import RunInfo, Trial
from evals.suites.scoring import Scoring
from evals.suites.suite import Suite
from state.canonical import digest
from state.errors import UsageError

IDENTITY = {
    "suite": "suite",
    "dataset": "dataset",
    "stamp": "stamp",
    "graph": "graph",
    "judges": "set of judges",
}
"""What a run that goes on has to share with the one before, and how a message calls it."""
Report = Callable[[Trial | None, int, int], None]
"""Is told of each trial that ended, how many have ended and how many there are."""


@dataclass(frozen=True)
class Job:
    """Everything that a run needs."""

    suite: Suite
    cases: Sequence[Case]
    agent: Agent
    scoring: Scoring


def run(job: Job, folder: Path, report: Report) -> RunInfo:
    """Run what is missing in a folder: everything, or what a kill or the infrastructure has left.

    Raises:
        UsageError: the folder is another process's or another version's, or the suite is set up wrongly.
    """
    with sole_writer(folder):
        mend(folder)
        info = _begun(job, folder)
        write_cases(folder, job.cases)
        trials = read_trials(folder)
        finished = {(one.case, one.trial) for one in trials if one.status == "done"}
        left = [key for key in _all(job, info) if (key[0].id, key[1]) not in finished]
        keeper = _Keeper(folder, report, len(finished), len(finished) + len(left))
        report(None, keeper.done, keeper.total)
        asyncio.run(_run(job, left, keeper, digest(info.stamp)))
        done = info.model_copy(update={"finished": datetime.now(UTC)})
        write_info(folder, done)
        return done


def _all(job: Job, info: RunInfo) -> Iterator[tuple[Case, int]]:
    """One trial of every case before the second of any, so that a run that is cut off has seen most."""
    return ((case, trial) for trial in range(info.trials) for case in job.cases)


def _begun(job: Job, folder: Path) -> RunInfo:
    """The description of the run in this folder, written if there is none."""
    fresh = RunInfo(
        id=folder.name,
        suite=job.suite.name,
        dataset=version(job.cases),
        cases={case.id: fingerprint(case) for case in job.cases},
        stamp=dict(job.agent.stamp),
        graph=job.agent.graph,
        trials=job.suite.trials,
        started=datetime.now(UTC),
        judges=tuple(judge.known for judge in job.scoring.judges),
        gate=job.suite.gate,
        controls=controls(job.cases, job.scoring, job.agent.effects),
    )
    if not (folder / RUN).exists():
        write_info(folder, fresh)
        return fresh
    before = read_info(folder)
    for name, shown in IDENTITY.items():
        if getattr(before, name) != getattr(fresh, name):
            raise UsageError(
                f"{folder} holds a run of another {shown}.",
                "Give neither --resume nor --out for a new run.",
            )
    again = before.model_copy(update={"trials": max(before.trials, fresh.trials), "finished": None})
    write_info(folder, again)
    return again


@dataclass
class _Keeper:
    """Keeps what has ended: the trace before the trial, so that no trial is without one."""

    folder: Path
    report: Report
    done: int
    total: int

    def keep(self, trial: Trial, played: Played | None) -> None:
        if played is not None and played.runs:
            append(self.folder / TRACES, [line(run, whole=True) for run in played.runs])
        append_trial(self.folder, trial)
        self.done += 1
        self.report(trial, self.done, self.total)


async def _run(job: Job, left: Sequence[tuple[Case, int]], keeper: _Keeper, stamp: str) -> None:
    queue = iter(left)

    async def work() -> None:
        for case, number in queue:
            keeper.keep(*await _trial(job, case, number, stamp))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(job.suite.concurrency, len(left))):
                group.create_task(work())
    except BaseExceptionGroup as error:
        raise error.exceptions[0] from error


async def _trial(job: Job, case: Case, number: int, stamp: str) -> tuple[Trial, Played | None]:
    try:
        played = await job.agent.play(case)
    except InfrastructureError as error:
        failed = Trial(
            case=case.id, trial=number, tags=case.tags, status="infrastructure_error", error=error.message
        )
        return failed, None
    return await job.scoring.trial(case, number, played, stamp), played
