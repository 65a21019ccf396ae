"""`python -m benchmarks.tau_airline`: replay recorded runs of τ-bench's airline on our own tools."""

import argparse
import json
import sys
import time
from pathlib import Path

from benchmarks.tau_airline import recordings
from benchmarks.tau_airline.environment import Airline
from benchmarks.tau_airline.measure import controls, document, replayed
from benchmarks.tau_airline.report import table
from state.errors import UsageError

EXAMPLE = "example: python -m benchmarks.tau_airline --data DIR --traces DIR/dev.jsonl.gz --json"


def main() -> None:
    options = _options()
    began = time.perf_counter()
    try:
        airline = Airline.read(options.data)
        runs = [replayed(airline, recording) for recording in recordings.read(options.traces)]
    except UsageError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    found = document(airline, runs) | {"seconds": round(time.perf_counter() - began, 3)}
    if options.controls:
        found["controls"] = controls(airline, runs)
    print(json.dumps(found, indent=2) if options.json else table(found))


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
        "--controls", action="store_true", help="also play the expected calls with one mistake each"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser.parse_args()


if __name__ == "__main__":
    main()
