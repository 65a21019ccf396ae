"""A writer that is killed with signal 9 loses nothing, and what it removed does not come back."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]


def test_a_handful_of_kills(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.index_crashes", "--count", "3"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True, timeout=120
    )
    assert "nothing lost, nothing came back, nothing wrong" in done.stdout, done.stderr
