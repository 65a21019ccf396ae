"""`warrant gate status`: who judges, what is promised, and what live traffic shows of it."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app import stored
from app.gate_parts import Json, judgings
from state.errors import ExitCode

if TYPE_CHECKING:
    from evals.gate.live import Live
    from models.gate.judging import Judging
    from state.verdict import Place

EPILOG = """Example: warrant gate status --last 200

Exit codes: 0, 1 at some place more texts were acted on than was promised (p < .001)."""


def status(
    last: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Newest runs of the store to look at.")
    ] = 1000,
    as_json: Json = False,
) -> None:
    """Show who judges at each place, what is promised, and whether live traffic keeps it."""
    gate = judgings()
    live = _live(gate, last)
    told = {place: _told(gate[place], live[place]) for place in gate}
    broken = any(one["alert"] for one in told.values())
    if as_json:
        typer.echo(json.dumps({"places": told, "alert": broken}, indent=2))
    else:
        for place, one in told.items():
            typer.echo("\n".join(_lines(place, one)))
    raise typer.Exit(ExitCode.DIFFERENT if broken else ExitCode.ANSWERED)


def _live(gate: "dict[Place, Judging]", last: int) -> "dict[Place, Live]":
    from evals.gate.live import Live, add

    places = {place: Live(judging.acted, judging.digest) for place, judging in gate.items()}
    with stored.opened() as store:
        said: dict[str, list[Any]] = {}
        for one in store.feedback():
            said.setdefault(one.trace_id, []).append(one)
        for root in store.traces(last):
            add(places, store.runs(root.id), said.get(root.id, []))
    return places


def _told(judging: "Judging", live: "Live") -> dict[str, Any]:
    from evals.gate.live import alerts

    promised = sum(judging.promised.values()) if judging.promised else None
    return {
        "classifiers": list(judging.names),
        "digest": judging.digest,
        "action": judging.policy.action,
        "promised": judging.promised,
        "judged": live.judged,
        "held": live.held,
        "flagged": live.decisions["flag"],
        "errors": live.errors,
        "acted": live.acted,
        "share": live.acted / live.judged if live.judged else None,
        "p": None if promised is None else live.surprise(promised),
        "reported": {kind: live.reported[kind] for kind in ("false_alarm", "missed")},
        "alert": promised is not None and alerts(live, promised),
    }


def _lines(place: str, one: dict[str, Any]) -> list[str]:
    from models.gate.drift import ADVICE

    digest = one["digest"].removeprefix("sha256:")[:8]
    promised = ", ".join(f"{name.replace('_', ' ')} ≤ {rate:.1%}" for name, rate in one["promised"].items())
    lines = [
        f"{place}: {', '.join(one['classifiers'])}; at most {one['action']}; digest {digest}",
        f"    promised false alarms: {promised or 'none'}",
        f"    live: {one['judged']} judged, {one['held']} held back, {one['flagged']} flagged, "
        f"{one['errors']} errors",
        f"    reported: {one['reported']['false_alarm']} false alarms, {one['reported']['missed']} missed",
    ]
    if one["p"] is not None:
        lines.append(
            f"    acted on by what promises: {one['acted']}, {one['share']:.2%} (p = {one['p']:.2g})"
        )
    if one["alert"]:
        lines.append(f"    ALERT: more than was promised. {ADVICE}")
    return lines
