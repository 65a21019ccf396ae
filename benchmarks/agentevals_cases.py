"""The evaluator calls of agentevals' own tests against our trajectory match: how many verdicts are the same.

    python -m benchmarks.agentevals_cases FILE --json

Each line of the file has the messages of a run and of its reference, the modes, and agentevals' verdict.
Where the override of a tool is a function, which no file can hold, both calls have to give the same
arguments, whatever their values: that is what the functions of those tests come to.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evals.scorers.trajectory_match import Override, trajectory_match
from evals.scores import Score
from evals.traces.trajectories import trajectory_of_messages
from evals.trajectory import Trajectory


def judge(case: dict[str, Any]) -> Score:
    """Our verdict."""
    overrides = {tool: _override(found) for tool, found in (case["overrides"] or {}).items()}
    run, reference = _trajectory(case["outputs"]), _trajectory(case["reference"])
    return trajectory_match(run, reference, case["mode"], case["args"], overrides)


def measure(file: Path) -> dict[str, Any]:
    """How many verdicts are the same, and each that is not with our reason."""
    with file.open(encoding="utf-8") as lines:
        cases = [json.loads(line) for line in lines]
    differ = list(_differences(cases))
    return {"cases": len(cases), "agree": len(cases) - len(differ), "differ": differ}


def _differences(cases: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for case in cases:
        ours = judge(case)
        if ours.passed != case["score"]:
            yield {"test": case["test"], "agentevals": case["score"], "ours": ours.passed, "why": ours.reason}


def _override(found: Any) -> Override:  # noqa: ANN401  # as the file has it
    same_arguments: Override = lambda made, wanted: set(made) == set(wanted)  # noqa: E731
    return same_arguments if found == "<callable>" else found


def _trajectory(messages: Any) -> Trajectory:  # noqa: ANN401  # as the file has it
    """LangChain's messages have their type under `lc` in this file."""
    listed = messages["messages"] if isinstance(messages, dict) else messages
    return trajectory_of_messages(
        [
            {"type": one["lc"], **{k: v for k, v in one.items() if k != "lc"}} if "lc" in one else one
            for one in listed
        ]
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="JSON Lines of evaluator calls")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    given = parser.parse_args()
    result = measure(given.file)
    if given.json:
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
        return
    sys.stdout.write(f"{result['agree']} of {result['cases']} verdicts agree\n")
    for one in result["differ"]:
        sys.stdout.write(f"{one['test']}: {one['agentevals']}, ours {one['ours']}: {one['why']}\n")


if __name__ == "__main__":
    main()
