"""`python -m benchmarks.agentdojo`: how often a model that obeys every injection hijacks the real graph."""

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from typing import get_args

from benchmarks.agentdojo.approvers import NAMES
from benchmarks.agentdojo.attack import Text
from benchmarks.agentdojo.case import SUITES, cases
from benchmarks.agentdojo.defences import DEFENCES
from benchmarks.agentdojo.measure import Work, measure
from benchmarks.agentdojo.report import document, tables
from state.schema import Json


def main() -> None:
    options = _options()
    if find_spec("agentdojo") is None:
        sys.exit("AgentDojo is not installed. Run: pip install agentdojo==0.1.35")
    began = time.monotonic()
    rows = list(_measured(_works(options), options.jobs))
    found = document(rows, time.monotonic() - began)
    print(json.dumps(found, indent=2) if options.json else tables(found))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.agentdojo", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--suite", action="append", choices=SUITES, help="all four by default")
    parser.add_argument("--task", action="append", help="only these user tasks, such as user_task_3")
    parser.add_argument(
        "--off",
        action="append",
        choices=[*DEFENCES, "none"],
        help="switch off these, one at a time; all by default",
    )
    parser.add_argument("--approver", action="append", choices=NAMES, help="all three by default")
    parser.add_argument("--attack", choices=get_args(Text), default="important_instructions")
    parser.add_argument("--no-baselines", action="store_true", help="leave out the loops without a graph")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    return parser.parse_args()


def _works(options: argparse.Namespace) -> list[Work]:
    off = [name for name in options.off or DEFENCES if name != "none"]
    approvers = [name for name in NAMES if name in (options.approver or NAMES)]
    return [
        Work(suite, task, options.attack, tuple(approvers), tuple(off), not options.no_baselines)
        for suite in options.suite or SUITES
        for task in cases(suite)
        if task in (options.task or [task])
    ]


def _measured(works: list[Work], jobs: int) -> Iterator[dict[str, Json]]:
    """Each user task in one of the processes, in the order given."""
    if jobs == 1:
        yield from _told(works, map(measure, works))
        return
    # A forked process would share the parent's threads and event loops.
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from _told(works, pool.imap(measure, works))


def _told(works: list[Work], rows: Iterable[dict[str, Json]]) -> Iterator[dict[str, Json]]:
    for at, row in enumerate(rows, 1):
        print(f"{at}/{len(works)} {row['suite']} {row['task']}", file=sys.stderr, flush=True)
        yield row


if __name__ == "__main__":
    main()
