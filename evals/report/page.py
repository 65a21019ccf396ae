"""The report: one page that needs no network, no server, and no second file."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Literal, TypeAlias

from evals.report.figures import figures
from evals.report.source import Recorded, traces
from evals.report.trials import listed_case, listed_trial
from evals.report.waterfall import packed
from evals.suites.results import Trial
from evals.traces.trajectories import trajectory_of_runs
from evals.trajectory import Call

Which: TypeAlias = Literal["all", "failed", "none"]

SCRIPTS = ("elements.js", "figures.js", "cases.js", "trial.js", "page.js")


def page(runs: Sequence[Recorded], which: Which = "failed") -> str:
    """Draw the page.

    Args:
        runs: The versions, oldest first.
        which: Of which trials the page holds the traces.
    """
    packs: list[str] = []
    data = {"runs": [_run(run, which, packs) for run in runs], "traces": which}
    style, script = _text("page.css"), "\n".join(_text(name) for name in SCRIPTS)
    parts = {
        "policy": f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'",
        "style": style,
        "script": script,
        "data": _data(data),
        "packs": "\n".join(packs),
    }
    return "".join(parts.get(piece, piece) for piece in _text("page.html").split("%%"))


def _run(run: Recorded, which: Which, packs: list[str]) -> dict[str, Any]:
    wanted = {trial.trace_id for trial in run.trials if trial.trace_id and _shows(trial, which)}
    calls: dict[str, Sequence[Call]] = {}
    at: dict[str, int] = {}
    for trace in traces(run.folder, wanted) if wanted else ():
        trace_id = trace[0].trace_id
        calls[trace_id], at[trace_id] = trajectory_of_runs(trace).calls, len(packs)
        packs.append(packed(trace))
    by_case: dict[str, list[Trial]] = {}
    for trial in run.trials:
        by_case.setdefault(trial.case, []).append(trial)
    return {
        "figures": figures(run.info, run.trials),
        "stamp": run.info.stamp,
        "cases": [
            listed_case(case, run.cases.get(case), trials[0].tags)
            | {
                "trials": [
                    listed_trial(
                        trial,
                        run.cases.get(case),
                        calls.get(trial.trace_id or ""),
                        at.get(trial.trace_id or ""),
                    )
                    for trial in sorted(trials, key=lambda one: one.trial)
                ]
            }
            for case, trials in by_case.items()
        ],
    }


def _shows(trial: Trial, which: Which) -> bool:
    return which == "all" or (which == "failed" and not trial.passed)


def _data(value: object) -> str:
    """JSON that cannot end the element it stands in, nor begin a comment or another script."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")


def _hash(text: str) -> str:
    """A source expression of a Content-Security-Policy (CSP 3): only this very text may run."""
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _text(name: str) -> str:
    return files("evals.report").joinpath(name).read_text(encoding="utf-8")
