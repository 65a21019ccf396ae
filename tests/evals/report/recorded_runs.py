"""Folders of runs, as `warrant eval run` leaves them, for tests and for looking at the page."""

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from evals.cases.case import Case
from evals.scores import Score
from evals.suites.results import RunInfo, Trial
from state.trace import Run
from state.usage import Usage

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOSTILE = "</script><img src=x onerror=\"document.title='owned'\"><!--<script>document.title='owned'</script>"
TAGS = ("look-up", "approval", "arithmetic", "injection")


def record(
    folder: Path, *, version: int = 0, cases: int = 12, trials: int = 3, skill: float = 0.7, secret: str = ""
) -> Path:
    """A run of the suite: the same for the same arguments; `skill` is the chance that a trial passes."""
    folder.mkdir(parents=True)
    chance = random.Random(version)
    info = RunInfo(
        id=folder.name,
        suite="golden",
        dataset="sha256:" + "d1" * 32,
        stamp={"graph": f"sha256:{version:064x}", "models": {"plan": "offline", "answer": "offline"}},
        graph="graphs.agent:agent",
        trials=trials,
        started=START + timedelta(days=version),
        finished=START + timedelta(days=version, minutes=4),
        controls={"null": 0.083, "gold": 1.0, "null_passed": 0.051},
    )
    (folder / "run.json").write_text(info.model_dump_json(), encoding="utf-8")
    listed = [_case(at, secret) for at in range(cases)]
    _write(folder / "cases.jsonl", [case.model_dump_json() for case in listed])
    done, runs = [], []
    for at, case in enumerate(listed):
        for number in range(trials):
            trace_id = str(UUID(int=(version << 64) + at * 100 + number + (1 << 100)))
            passed = chance.random() < skill
            done.append(_trial(case, number, trace_id, passed=passed, broken=at == 5 and number == 0))
            runs += _trace(case, trace_id, passed=passed, secret=secret, begun=info.started)
    _write(folder / "trials.jsonl", [trial.model_dump_json() for trial in done])
    _write(folder / "traces.jsonl", [run.model_dump_json() for run in runs])
    return folder


def _write(path: Path, written: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in written), encoding="utf-8")


def _case(at: int, secret: str) -> Case:
    asked = (
        HOSTILE if at == 3 else f"Where is order {1000 + at}, and may it still be changed? {secret}".strip()
    )
    call = {"tool": "get_order", "args": {"id": str(1000 + at)}}
    return Case.model_validate(
        {
            "id": f"orders/{at:04}",
            "input": asked,
            "tags": [TAGS[at % 4], *(["multi-step"] if at % 3 == 0 else [])],
            "expect": {"calls": [call, {"tool": "search", "args": {"query": "changes"}}]},
        }
    )


def _trial(case: Case, number: int, trace_id: str, *, passed: bool, broken: bool) -> Trial:
    fixed = {"case": case.id, "trial": number, "tags": case.tags}
    if broken:
        return Trial(**fixed, status="infrastructure_error", error="ConnectError: the model did not answer")
    why = "matched" if passed else "wrong_argument"
    pairs = [
        {"verdict": why, "expected": 0, "actual": 0, "why": "" if passed else 'id: expected "1003", got "7"'},
        {"verdict": "matched", "expected": 1, "actual": 1, "why": ""},
        *([] if passed else [{"verdict": "extra", "expected": None, "actual": 2, "why": "not expected"}]),
    ]
    f1 = 1.0 if passed else 0.4
    return Trial(
        **fixed,
        status="done",
        passed=passed,
        scores=(
            Score(
                name="tool_calls",
                value=float(passed),
                passed=passed,
                reason=f"{1 + passed} of 2 calls matched",
                detail={"calls": pairs},
            ),
            Score(name="tool_calls_f1", value=f1),
            Score(name="judge", value=0.5, passed=True, gates=False, reason=HOSTILE),
            Score(name="recall", value=None),
            Score(name="goal_completion", value=f1),
        ),
        labels=() if passed else ("wrong_argument", "unexpected_write"),
        trace_id=trace_id,
        usage=Usage(model_calls=2, input_tokens=900 + number, output_tokens=120, cost_usd=0.0021),
        seconds=1.2 + number / 10,
        answer=f"The order is on its way. {HOSTILE}",
        stamp="sha256:" + "0" * 64,
    )


def _trace(case: Case, root: str, *, passed: bool, secret: str, begun: datetime) -> list[Run]:
    """A question, a model call, tool calls below an `execute` node, and a long text."""
    asked = {"messages": [{"type": "human", "content": case.input}]}
    spans: list[tuple[str, str, str | None, float, float, dict[str, object]]] = [
        ("agent", "chain", None, 0, 1.2, asked),
        ("plan", "chain", "agent", 0.01, 0.5, {}),
        ("offline", "llm", "plan", 0.02, 0.47, {"messages": [[HOSTILE]], "note": secret}),
        ("execute", "chain", "agent", 0.52, 0.5, {}),
        ("get_order", "tool", "execute", 0.53, 0.2, {"id": "7" if not passed else case.id[-4:]}),
        ("search", "tool", "execute", 0.53, 0.45, {"query": "changes"}),
        *([] if passed else [("cancel_order", "tool", "execute", 0.8, 0.1, {"id": "7"})]),
        ("hybrid", "retriever", "search", 0.6, 0.3, {"query": "changes", "long": "word " * 9_000}),
    ]
    made: dict[str, Run] = {}
    for at, (name, kind, parent, start, took, inputs) in enumerate(spans):
        run_id = root if parent is None else str(UUID(int=UUID(root).int + (at << 80)))
        started = begun + timedelta(seconds=start)
        order = f"{started:%Y%m%dT%H%M%S%f}Z{run_id}"
        failed = name == "cancel_order"
        made[name] = Run(
            id=run_id,
            trace_id=root,
            dotted_order=order if parent is None else f"{made[parent].dotted_order}.{order}",
            parent_run_id=made[parent].id if parent else None,
            name=name,
            run_type=kind,
            inputs=inputs,
            outputs=None if failed else {"output": json.dumps({"found": True, "by": name})},
            error="PermissionError: no warrant for this call" if failed else None,
            start_time=started,
            end_time=started + timedelta(seconds=took),
        )
    return list(made.values())
