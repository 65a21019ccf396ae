"""Scoring the tool calls of recorded conversations: ours beside agentevals, pydantic-evals and Inspect.

    python -m benchmarks.scoring --traces 10000 --others OTHER_PYTHON

The conversations are made by rule from a seed: four trials of each case, of six calls, of which every third
conversation has one that is wrong. Each system runs in a process of its own, reads the same two files, and
scores every conversation against its expected calls; ours explains each call besides. Imports do not count.
`--others` is an interpreter that has the three packages; without it only ours is measured. Ours streams the
conversations: its memory grows with the cases, which it keeps, and not with the conversations.
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

from pydantic_core import from_json

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


def expected_calls(number: int, chance: random.Random) -> list[dict[str, Any]]:
    """What has to be called for an order."""
    return [
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


def write(folder: Path, traces: int, cases: int) -> None:
    """`cases.jsonl` has what is expected, as a case and as messages, and `traces.jsonl` what was said."""
    chance = random.Random(traces)
    expected = [expected_calls(number, chance) for number in range(cases)]
    with (folder / "cases.jsonl").open("w", encoding="utf-8") as lines:
        for number, calls in enumerate(expected):
            case = {"id": str(number), "input": "", "expect": {"calls": calls}}
            lines.write(json.dumps({"case": case, "reference": conversation(number, calls)}) + "\n")
    with (folder / "traces.jsonl").open("w", encoding="utf-8") as lines:
        for trace in range(traces):
            number = trace % cases
            made = list(expected[number])
            if trace % 3 == 0:
                made[chance.randrange(CALLS)] = {"tool": "tool_1", "args": {"order": -1}}
            found = {"id": str(trace), "case": number, "messages": conversation(number, made)}
            lines.write(json.dumps(found) + "\n")


def passes(folder: Path) -> Iterator[bool]:
    """Whether each conversation passes, one of them in memory at a time."""
    with (folder / "cases.jsonl").open(encoding="utf-8") as lines:
        cases = [Case.model_validate(json.loads(line)["case"]) for line in lines]
    with (folder / "traces.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            found = from_json(line)
            trajectory = trajectory_of_messages(found["messages"], trace_id=found["id"])
            yield bool(tool_calls(cases[found["case"]], trajectory)[0].passed)


def ours(folder: Path) -> dict[str, Any]:
    """Measured in this process."""
    started, busy = time.perf_counter(), time.process_time()
    passed = sum(passes(folder))
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(busy, 2),
        "passed": passed,
        "peak_mb": round(peak),
    }


def measured(command: list[str]) -> dict[str, Any]:
    """What a process of its own prints on its last line."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1:]}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def measure(traces: int, cases: int, others: str | None) -> dict[str, Any]:
    """Each system on the same files, one after the other."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, traces, cases)
        result = {"warrant": measured([sys.executable, "-m", "benchmarks.scoring", "--folder", name])}
        for other in ("agentevals", "pydantic-evals", "inspect") if others else ():
            result[other] = measured([str(others), str(OTHERS), other, name])
    return {"traces": traces, "cases": cases, **result}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--traces", type=int, default=10_000, help="conversations to score")
    parser.add_argument("--cases", type=int, help="cases they are trials of; a fourth as many by default")
    parser.add_argument("--others", help="interpreter that has agentevals, pydantic-evals and inspect-ai")
    parser.add_argument("--folder", type=Path, help="score these files in this process, with our scorer only")
    given = parser.parse_args()
    if given.folder:
        sys.stdout.write(json.dumps(ours(given.folder)) + "\n")
        return
    result = measure(given.traces, given.cases or max(1, given.traces // 4), given.others)
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
