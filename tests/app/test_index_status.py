import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WARRANT = [sys.executable, "-c", "from app.cli import main; main()", "index"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "returns.md").write_text("# Returns\n\nWithin 30 days.\n", "utf-8")
    return tmp_path


def warrant(home: Path, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [*WARRANT, *arguments],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(ROOT), "WARRANT_HOME": str(home / "home")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout


def test_status_says_what_to_do_and_doing_it_helps(home: Path) -> None:
    documents = home / "documents"
    warrant(home, "add", "documents")
    assert "Every file is as it was read." in warrant(home, "status", "--strict")

    (documents / "returns.md").unlink()
    (documents / "new.md").write_text("# Shipping\n\nTwo days.\n", "utf-8")
    shown = warrant(home, "status", "--strict", code=1)
    assert f"new: {documents / 'new.md'}\nmissing: {documents / 'returns.md'}\n" in shown
    assert "`warrant index add` reads what changed" in shown
    assert "`warrant index add --prune`" in shown
    assert json.loads(warrant(home, "status", "--json", "--no-check-files"))["freshness"] is None

    assert warrant(home, "add", "--prune").startswith("1 added, 0 changed, 0 unchanged, 1 removed")
    assert json.loads(warrant(home, "status", "--json", "--hash", "--strict"))["freshness"] == {
        "hashed": True,
        "stale": [],
        "missing": [],
        "new": [],
        "unreadable": [],
    }
