"""The page in a real browser, from a file, without a network; skipped where there is no Chromium."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from evals.report.page import page
from evals.report.source import recorded
from tests.evals.report.recorded_runs import HOSTILE, record

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
QUIET = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
    *("--enable-logging=stderr", "--v=0", "--virtual-time-budget=1000", "--dump-dom"),
]

Dump = Callable[..., str]
ESCAPED = HOSTILE.replace("<", "&lt;").replace(">", "&gt;")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("runs")
    names = [
        str(record(home / f"golden-{at}", version=at, skill=0.4, cases=101, trials=2)) for at in (1, 2, 3)
    ]
    out = home / "report.html"
    out.write_text(page(recorded(names, home)), encoding="utf-8")
    return out


@pytest.fixture
def dump(report: Path, tmp_path: Path) -> Dump:
    def dumped(fragment: str = "") -> str:
        """The document as it stands after its scripts; any message on the console fails."""
        done = subprocess.run(
            [
                str(CHROMIUM),
                *QUIET,
                f"--user-data-dir={tmp_path / 'profile'}",
                f"{report.as_uri()}#{fragment}",
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert "CONSOLE" not in done.stderr
        assert "<title>golden · golden-3</title>" in done.stdout, "hostile text ran, or the page did not"
        shown = done.stdout.split('<script type="application/json"')[0]
        assert "<img" not in shown
        return shown

    return dumped


def cases(shown: str) -> list[str]:
    return re.findall(r'class="case">([^<]+)<', shown)


def test_these_tests_would_see_a_message_on_the_console(report: Path, dump: Dump) -> None:
    whole = report.read_text(encoding="utf-8")
    report.write_text(
        whole.replace("</body>", '<img src="https://example.org/x.png"></body>'), encoding="utf-8"
    )
    try:
        with pytest.raises(AssertionError, match="CONSOLE"):
            dump()
    finally:
        report.write_text(whole, encoding="utf-8")


def test_the_list_shows_the_worst_of_the_newest_run_first(dump: Dump) -> None:
    shown = dump()
    assert "101 of 101 cases" in shown
    assert len(cases(shown)) == 100, "more on demand"
    assert ESCAPED.replace('"', "&quot;") in shown or ESCAPED in shown
    assert shown.count('class="dot"') == 3, "a point for each version"
    assert "doing nothing 8.3 %, doing what is expected 100.0 %" in shown
    assert "does nothing passes 5.1 % of the cases" in shown


def test_a_filter_in_the_address_is_applied(dump: Dump) -> None:
    shown = dump("tag=multi-step&q=order 1006&run=golden-1")
    assert cases(shown) == ["orders/0006"]
    assert "No case fits" in dump("q=nothing-like-this")


def test_a_trial_shows_its_calls_and_its_trace(report: Path, dump: Dump) -> None:
    shown = dump("case=orders/0003&run=golden-1&trial=" + _failed(report.parent / "golden-1", "orders/0003"))
    assert shown.count("<details>") == 8, "a bar for each run"
    assert 'class="bar tool error"' in shown
    assert "wrong argument" in shown
    assert "call 3" not in shown, "actual calls are shown by name"
    assert "cancel_order" in shown
    assert ESCAPED in shown


def _failed(folder: Path, case: str) -> str:
    (run,) = recorded([str(folder)], folder)
    return str(next(trial.trial for trial in run.trials if trial.case == case and trial.passed is False))
