"""Scoring the tool calls of recorded conversations: ours beside agentevals, pydantic-evals and Inspect.

    python -m benchmarks.scoring --traces 10000 --others OTHER_PYTHON

The conversations are made by rule from a seed: six calls each, of which every third conversation has one that is
wrong. Each system runs in a process of its own, reads the same file, and scores every conversation against its
expected calls; ours explains each call besides. Imports are not counted. `--others` is an interpreter that has the
three packages; without it only ours is measured. Ours streams, so that its memory does not grow with the file.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evals.cases.case import Case
from evals.scorers.calls import tool_calls
from evals.traces.trajectories import trajectory_of_messages

OTHERS = Path(__file__).with_name("scoring_others.py")
CALLS = 6


def conversation(number: int, calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages in OpenAI's form: a question, each call with its result, an answer."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": f"Please look after order {number}."}]
    for at, call in enumerate(calls):
        function = {"name": call["tool"], "arguments": json.dumps(call["args"])}
        messages += [
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"id": f"call_{at}", "type": "function", "function": function}],
            },
            {"role": "tool", "tool_call_id": f"call_{at}", "content": json.dumps({"ok": True, "at": at})},
        ]
    return [*messages, {"role": "assistant", "content": f"Order {number} is looked after."}]


def row(number: int, chance: random.Random) -> dict[str, Any]:
    """One line: what was said, what should have been, and the same as a case."""
    expected = [
        {
            "tool": f"tool_{chance.randrange(12)}",
            "args": {
                "order": number,
                "line": at,
                "note": f"note {chance.randrange(99)}",
                "when": {"day": at},
            },
        }
        for at in range(CALLS)
    ]
    made = [dict(call) for call in expected]
    if number % 3 == 0:
        made[chance.randrange(CALLS)] = {"tool": "tool_1", "args": {"order": -1}}
    return {
        "id": str(number),
        "messages": conversation(number, made),
        "reference": conversation(number, expected),
        "case": {"id": str(number), "input": "", "expect": {"calls": expected}},
    }


def write(file: Path, traces: int) -> None:
    chance = random.Random(traces)
    with file.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row(number, chance)) + "\n" for number in range(traces))


def passes(file: Path) -> Iterator[bool]:
    """Whether each conversation passes, one line in memory at a time."""
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            found = json.loads(line)
            case = Case.model_validate(found["case"])
            scores = tool_calls(case, trajectory_of_messages(found["messages"], trace_id=found["id"]))
            yield bool(scores[0].passed)


def ours(file: Path) -> dict[str, Any]:
    """Measured in this process."""
    started = time.perf_counter()
    passed = sum(passes(file))
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": round(seconds, 2), "passed": passed, "peak_mb": round(peak)}


def measured(command: list[str]) -> dict[str, Any]:
    """What a process of its own prints on its last line."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1:]}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def measure(traces: int, others: str | None) -> dict[str, Any]:
    """Each system on the same file, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "traces.jsonl"
        write(file, traces)
        result = {"warrant": measured([sys.executable, "-m", "benchmarks.scoring", "--file", str(file)])}
        for name in ("agentevals", "pydantic-evals", "inspect") if others else ():
            result[name] = measured([str(others), str(OTHERS), name, str(file)])
    return {"traces": traces, **result}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--traces", type=int, default=10_000, help="conversations to score")
    parser.add_argument("--others", help="interpreter that has agentevals, pydantic-evals and inspect-ai")
    parser.add_argument("--file", type=Path, help="score this file in this process, with our scorer only")
    given = parser.parse_args()
    result = ours(given.file) if given.file else measure(given.traces, given.others)
    sys.stdout.write(json.dumps(result, indent=None if given.file else 2) + "\n")


if __name__ == "__main__":
    main()
