"""Drawing traces in the terminal."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from state.feedback import Feedback
from state.process import is_gone
from state.trace import Run

STYLES = {"ok": "green", "error": "red", "interrupted": "yellow", "running": "cyan"}
GIST_CHARS = 70
ID_CHARS = 36


def status(run: Run, *, gone: bool) -> str:
    """The run's status; one that was going on when its process ended was interrupted."""
    return "interrupted" if gone and run.status == "running" else run.status


def summary(root: Run) -> dict[str, Any]:
    """A trace in a few words, as JSON."""
    return {
        "trace_id": root.id,
        "thread_id": root.metadata.get("thread_id"),
        "name": root.name,
        "status": status(root, gone=_gone(root)),
        "outcome": root.metadata.get("outcome"),
        "start_time": root.start_time.isoformat(),
        "seconds": root.seconds,
        "stamp": root.metadata.get("stamp"),
    }


def totals(runs: Sequence[Run]) -> dict[str, Any]:
    """What the model calls of a trace spent together; the cost is None if one of them is unknown."""
    counted = [
        usage for run in runs if (usage := run.metadata.get("usage_metadata")) and run.run_type == "llm"
    ]
    costs = [_cost(usage) for usage in counted]
    known = [cost for cost in costs if cost is not None]
    return {
        "model_calls": sum(run.run_type == "llm" for run in runs),
        "input_tokens": sum(usage["input_tokens"] for usage in counted),
        "output_tokens": sum(usage["output_tokens"] for usage in counted),
        "cost_usd": sum(known) if len(known) == len(costs) else None,
        "errors": sum(run.status == "error" for run in runs),
    }


def listed(roots: Sequence[Run]) -> RenderableType:
    """The table of `warrant trace list`."""
    if not roots:
        return Text("no traces")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("trace", "started", "time", "outcome", "thread", "asked"):
        table.add_column(name, no_wrap=True, min_width=ID_CHARS if name == "trace" else None)
    for root in roots:
        shown = status(root, gone=_gone(root))
        outcome = Text(str(root.metadata.get("outcome") or shown), STYLES[shown])
        begun = root.start_time.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        thread = str(root.metadata.get("thread_id") or "")
        table.add_row(
            root.id, begun, _time(root, gone=_gone(root)), outcome, Text(thread), Text(_asked(root))
        )
    return table


DIGITS = 8
"""Of a digest, in the header."""


def drawn(runs: Sequence[Run], judged: Sequence[Feedback] = (), *, hidden: bool) -> RenderableType:
    """The header, what is thought of the trace, and the tree of `warrant trace show`."""
    gone = _gone(runs[0])
    top = Tree(_line(runs[0], gone=gone), guide_style="dim")
    branches = {runs[0].id: top}
    for run in runs[1:]:
        above = branches.get(run.parent_run_id or "", top)  # the record of a parent may have been lost
        # What is below a hidden run belongs to the next one above that is shown.
        branches[run.id] = above if run.hidden and not hidden else above.add(_line(run, gone=gone))
    return Group(_header(runs, gone=gone), *map(_opinion, judged), top)


def _opinion(one: Feedback) -> Text:
    score = "" if one.score is None else f" {one.score:g}"
    line = Text(f"{one.key}{score} by {one.source}", "bold")
    line.append(f"  {_short(one.comment)}" if one.comment else "", "not bold")
    return line.append(f"  should have been: {_short(one.correction)}" if one.correction else "", "not bold")


def _header(runs: Sequence[Run], *, gone: bool) -> Text:
    root, spent = runs[0], totals(runs)
    shown = status(root, gone=gone)
    head = Text(f"trace {root.id}  ")
    head.append(str(root.metadata.get("outcome") or shown), STYLES[shown])
    if shown == "interrupted" and root.end_time is None:
        head.append("  its process ended before it did", "yellow")
    head.append(f"\nthread {root.metadata.get('thread_id') or '-'}  started {root.start_time.astimezone()}\n")
    cost = "cost unknown" if spent["cost_usd"] is None else f"${spent['cost_usd']:.4f}"
    head.append(f"{_time(root, gone=gone)}, {len(runs)} runs, {spent['model_calls']} model calls, ")
    head.append(f"{spent['input_tokens']} + {spent['output_tokens']} tokens, {cost}\n")
    stamp = root.metadata.get("stamp")
    head.append("no stamp" if stamp is None else f"stamp {', '.join(_stamped(stamp))}", "dim")
    return head


def _stamped(stamp: Any, name: str = "") -> Iterator[str]:  # noqa: ANN401  JSON
    """Each part of a stamp with its name; of a digest its beginning, which is enough to compare."""
    if isinstance(stamp, dict):
        for key, part in stamp.items():
            yield from _stamped(part, f"{name} {key}".strip())
    else:
        text = str(stamp)
        digest = text.removeprefix("sha256:")
        yield f"{name} {text if text == digest else digest[:DIGITS]}"


def _line(run: Run, *, gone: bool) -> Text:
    shown = status(run, gone=gone)
    line = Text.assemble((run.name, "bold"), f" {run.run_type} ", (shown, STYLES[shown]))
    line.append(f" {_time(run, gone=gone)}", "dim")
    usage = run.metadata.get("usage_metadata")
    if usage:
        cost = _cost(usage)
        line.append(f" {usage['input_tokens']}+{usage['output_tokens']} tokens", "dim")
        line.append("" if cost is None else f" ${cost:.4f}", "dim")
    if run.error is not None:
        line.append(f"  {_short(run.error.partition(chr(10))[0])}", STYLES[shown])
    elif run.run_type != "chain":
        line.append(f"  {_gist(run)}")
    return line


def _gist(run: Run) -> str:
    """What went in and what came out, in one line."""
    given = run.inputs if run.run_type in {"tool", "retriever"} else {}
    parts = [_short(value) for value in (given, _result(run)) if value not in ({}, None)]
    return " → ".join(parts)


def _result(run: Run) -> Any:  # noqa: ANN401  JSON
    outputs = run.outputs or {}
    if "generations" in outputs:
        return next((one.get("text") for batch in outputs["generations"] for one in batch), None)
    if "documents" in outputs:
        return f"{len(outputs['documents'])} documents"
    return outputs.get("output", outputs or None)


def _asked(root: Run) -> str:
    messages = root.inputs.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else {}
    return _short(last.get("content", "") if isinstance(last, dict) else last)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # Control characters would let a tool's output write to the terminal.
    text = "".join(char if char.isprintable() else " " for char in text[: 2 * GIST_CHARS])
    return text if len(text) <= GIST_CHARS else f"{text[: GIST_CHARS - 1]}…"


def _time(run: Run, *, gone: bool) -> str:
    if run.seconds is not None:
        return f"{run.seconds * 1000:.0f} ms"
    return "?" if gone else f"{(datetime.now(UTC) - run.start_time).total_seconds():.0f} s so far"


def _cost(usage: dict[str, Any]) -> float | None:
    """US dollars; what used no tokens cost nothing."""
    found: float | None = usage.get("total_cost")
    return found if found is not None or usage.get("total_tokens") else 0.0


def _gone(root: Run) -> bool:
    return is_gone(root.extra.get("runtime", {}).get("process"))
