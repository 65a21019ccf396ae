"""`warrant gate score`: many texts by one classifier."""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.gate_parts import PLACES, judgings
from state.errors import UsageError

if TYPE_CHECKING:
    from models.gate.judging import Judging
    from state.verdict import Place, Verdict

EPILOG = """Examples:

warrant gate score requests.jsonl --json > scored.jsonl

tail -f requests.jsonl | warrant gate score - --json

A line is {"text": "…", "surface": "input"}; the surface is input (a request, the default), tool or output.
What comes out is a line for each: {"score", "category", "verdict", "ms"}, and its `id` if it has one."""
EVERY = 500
"""Lines between two notes of progress."""


def score(
    file: Annotated[str, typer.Argument(help="JSON Lines; - reads standard input.")],
    classifier: Annotated[
        str, typer.Option(help="Who scores; `policy` asks everybody whom the policy names.")
    ] = "injection",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a line of JSON for each text instead of a summary.")
    ] = False,
) -> None:
    """Score texts: how probable an attack is, what it would be, and what would follow."""
    import asyncio

    places = judgings(None if classifier == "policy" else classifier)
    found: Counter[tuple[str, str, str]] = Counter()
    with asyncio.Runner() as runner:
        for number, row in enumerate(_rows(file), 1):
            scored = runner.run(_scored(row, places))
            found[row["surface"], scored["verdict"], scored["category"]] += 1
            if as_json:
                typer.echo(json.dumps(scored))
            if number % EVERY == 0:
                typer.echo(f"{number} texts scored", err=True)
    if not as_json:
        for (surface, verdict, category), count in sorted(found.items()):
            typer.echo(f"{count:>8}  {surface}: {verdict} {category.replace('_', ' ')}")


async def _scored(row: dict[str, Any], places: "dict[Place, Judging]") -> dict[str, Any]:
    started = time.perf_counter()
    verdict = await places[PLACES[row["surface"]]].judged(row["text"])
    ms = (time.perf_counter() - started) * 1e3
    category, probability = _likeliest(verdict)
    named = {"id": row["id"]} if "id" in row else {}
    return {
        **named,
        "score": round(probability, 6),
        "category": category,
        "verdict": verdict.decision,
        "ms": round(ms, 3),
    }


def _likeliest(verdict: "Verdict") -> tuple[str, float]:
    """What was found, or the likeliest of what was looked for, with its probability."""
    if verdict.category != "ok":
        return verdict.category, verdict.score
    return "ok", max(verdict.scores.values(), default=0.0)


def _rows(file: str) -> Iterator[dict[str, Any]]:
    if file == "-":
        yield from _read(sys.stdin, "standard input")
        return
    try:
        with Path(file).open(encoding="utf-8", errors="replace") as lines:
            yield from _read(lines, file)
    except OSError as error:
        raise UsageError(f"Cannot read {file}: {error.strerror}.", "Give a readable file or -.") from error


def _read(lines: Iterable[str], name: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{name}, line {number} is not JSON: {error}.", "Correct it.") from error
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            raise UsageError(f"{name}, line {number} has no text.", 'Write it as {"text": "…"}.')
        row.setdefault("surface", "input")
        if row["surface"] not in PLACES:
            raise UsageError(
                f"{name}, line {number} has the surface {row['surface']!r}.", "Use input, tool or output."
            )
        yield row
