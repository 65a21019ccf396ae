"""`python -m benchmarks.tau_airline`: replay recorded runs of τ-bench's airline on our own tools."""

import argparse
import json
import sys
import time
from pathlib import Path

from benchmarks.tau_airline import recordings
from benchmarks.tau_airline.environment import Airline
from benchmarks.tau_airline.measure import Replayed, compared, controls, document
from benchmarks.tau_airline.recordings import Recording
from benchmarks.tau_airline.replay import replay
from benchmarks.tau_airline.report import table
from state.errors import UsageError
from state.schema import Json

EXAMPLE = "example: python -m benchmarks.tau_airline --data DIR --traces DIR/dev.jsonl.gz --json"


def main() -> None:
    options = _options()
    began = time.perf_counter()
    try:
        airline = Airline.read(options.data)
        recorded = list(recordings.read(options.traces))
    except UsageError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    times: dict[str, Json] = {}
    if options.through == "graph":
        runs, times["ms_per_run"] = _through_graph(airline, recorded)
    else:
        runs = [compared(airline, one, replay(airline, one)) for one in recorded]
    found = document(airline, runs) | {"seconds": round(time.perf_counter() - began, 3)} | times
    if options.controls:
        found["controls"] = controls(airline, runs)
    print(json.dumps(found, indent=2) if options.json else table(found))


def _through_graph(airline: Airline, recorded: list[Recording]) -> tuple[list[Replayed], float | None]:
    from benchmarks.tau_airline.graph import conversation, converse

    graph = conversation()
    began = time.perf_counter()
    done = [converse(graph, airline, one, str(number)) for number, one in enumerate(recorded)]
    spent = time.perf_counter() - began
    runs = [compared(airline, one, run) for one, run in zip(recorded, done, strict=True)]
    return runs, round(1000 * spent / len(runs), 2) if runs else None


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tau_airline",
        description=__doc__,
        epilog=EXAMPLE,
    )
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="folder with db.json.gz and tools.json"
    )
    parser.add_argument(
        "--traces", type=Path, required=True, metavar="FILE", help="recorded runs, gzipped JSON Lines"
    )
    parser.add_argument(
        "--through",
        choices=("calls", "graph"),
        default="calls",
        help="make the calls alone, or have the conversations in a LangGraph graph",
    )
    parser.add_argument(
        "--controls", action="store_true", help="also play the expected calls with one mistake each"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser.parse_args()


if __name__ == "__main__":
    main()
