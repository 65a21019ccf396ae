"""The benchmark of effects, small: real processes, killed and racing."""

import json
import subprocess
import sys

from state.settings import PROJECT

COMMAND = [sys.executable, "-m", "benchmarks.effects", "--count", "5", "--races", "50", "--claims", "20"]
ASKS = {"after the claim", "after the effect", "before the result"}


def test_no_effect_is_made_twice_and_the_unsafe_window_always_asks() -> None:
    done = subprocess.run(COMMAND, cwd=PROJECT, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert len(report["killed"]) == 5
    for boundary, counted in report["killed"].items():
        assert counted == {
            "killed": 5,
            "duplicates": 0,
            "lost": 0,
            "unknown": 5 if boundary in ASKS else 0,
            "answered in the end": 5,
            "made exactly once in the end": 5,
        }
    assert [report["raced"][name] for name in ("races", "duplicates", "lost")] == [50, 0, 0]
    assert report["raced"]["met"] > 0, "the workers meet"
    assert {plain["duplicates"] for plain in report["killed, plain"].values()} == {5}
    assert report["raced, plain"]["duplicates"] > 25, "the rest were never at it together"
