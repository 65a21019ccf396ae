"""A trace as the page draws it: bars by start and duration, nested, with what went in and came out."""

import json
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zlib import compress

from state.schema import Json
from state.trace import Run

MOST_CHARS = 20_000
"""Of one value; the rest stays in the trace, and the page says so."""


def packed(runs: Sequence[Run]) -> str:
    """A trace, deflated (RFC 1950) and in base 64, as the page unpacks it when somebody looks."""
    return b64encode(compress(json.dumps(bars(runs), ensure_ascii=False).encode("utf-8", "replace"))).decode()


def bars(runs: Sequence[Run]) -> list[dict[str, Json]]:
    """One bar for each run that LangGraph did not make for itself, in the tree's order."""
    if not runs:
        return []
    begun = min(run.start_time for run in runs)
    ended = max(run.end_time or run.start_time for run in runs)
    depths: dict[str, int] = {}
    drawn = []
    for run in runs:
        above = depths.get(run.parent_run_id or "", -1)
        depths[run.id] = above if run.hidden else above + 1
        if not run.hidden:
            drawn.append(_bar(run, depths[run.id], begun, ended))
    return drawn


def _bar(run: Run, depth: int, begun: datetime, ended: datetime) -> dict[str, Any]:
    """Times are in milliseconds since the trace began; a run that never ended lasts to the end of it."""
    end = run.end_time or ended
    return {
        "name": run.name,
        "type": run.run_type,
        "status": run.status,
        "depth": depth,
        "start": (run.start_time - begun).total_seconds() * 1000,
        "took": (end - run.start_time).total_seconds() * 1000,
        "inputs": _text(run.inputs),
        "outputs": None if run.outputs is None else _text(run.outputs),
        "error": run.error and run.error[:MOST_CHARS],
        "usage": run.metadata.get("usage_metadata"),
    }


def _text(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=2)
    left = len(text) - MOST_CHARS
    return text if left <= 0 else f"{text[:MOST_CHARS]}\n… {left:,} more characters are in the trace"
