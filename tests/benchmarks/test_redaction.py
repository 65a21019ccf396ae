"""The benchmark of redaction, small: what it prints, and that nothing got worse."""

import json
import subprocess
import sys

import pytest

from state.settings import PROJECT

COMMAND = [sys.executable, "-m", "benchmarks.redaction", "--count", "570", "--harmless", "480", "--json"]


@pytest.mark.parametrize("more", [[], ["--held-out"]])
def test_what_is_planted_is_found_and_little_else(more: list[str]) -> None:
    done = subprocess.run([*COMMAND, *more], cwd=PROJECT, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    assert len(report["kinds"]) == 57
    assert report["recall"]["value"] >= 0.97
    assert report["precision"]["value"] >= 0.97
    assert report["harmless_texts_flagged"]["value"] <= 0.01
    assert all(share["value"] >= 0.8 for kind, share in report["kinds"].items() if kind != "password")
