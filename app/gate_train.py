"""`warrant gate train`: a classifier of one's own, from the shipped weights and a team's texts."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from app import stored
from app.gate_parts import PLACES, Json
from state.errors import UsageError

if TYPE_CHECKING:
    from evals.gate.own import Own
    from evals.gate.rows import Row
    from models.gate.artefact import Artefact

EPILOG = """Examples:

warrant gate train ours.jsonl --false-alarms 0.05

warrant gate train --from-traces --feedback --surface tool --into var/gate/tool

A line is {"text": "…", "label": 0}, label 1 for an attack. A promise of at most 1 % false alarms at 95 %
confidence takes 299 different benign texts, one of 5 % takes 59."""


def train(
    data: Annotated[
        list[Path] | None, typer.Argument(help="JSON Lines, plain or gzipped.", show_default=False)
    ] = None,
    surface: Annotated[
        Literal["input", "tool"], typer.Option(help="For requests, or for what tools give.")
    ] = "input",
    into: Annotated[
        Path | None, typer.Option(help="Folder of the classifier; gate/SURFACE under WARRANT_HOME.")
    ] = None,
    from_traces: Annotated[
        bool, typer.Option("--from-traces", help="Texts of the store's answered runs are benign.")
    ] = False,
    feedback: Annotated[
        bool, typer.Option("--feedback", help="Texts that were reported with `warrant gate report`.")
    ] = False,
    false_alarms: Annotated[float, typer.Option(help="Share of benign texts held back at most.")] = 0.01,
    confidence: Annotated[float, typer.Option(help="How surely.")] = 0.95,
    prior: Annotated[
        Path | None, typer.Option(help="The classifier to start from; the shipped one.", show_default=False)
    ] = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="Train on these rows alone, not on what was written for Warrant.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train a classifier of your own, compare it with the shipped one, and promise a false-alarm rate."""
    from evals.gate.keeping import check, kept
    from evals.gate.own import Wanted, own
    from state.settings import settings

    folder = into or settings().home / "gate" / surface
    check(folder)
    rows = _rows(data or [], surface, from_traces=from_traces, feedback=feedback)
    others: list[Row] | None = [] if alone else None
    made = own(rows, Wanted(surface, false_alarms, confidence), _prior(prior, surface), others)
    card = kept(folder, made.card, made.arrays, made.files)
    if as_json:
        document = {
            "folder": str(folder),
            "digest": card.digest,
            "dropped": made.dropped,
            "compared": [asdict(one) for one in made.compared],
            "policy": _policy(folder, surface),
            "card": card.model_dump(mode="json"),
        }
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        typer.echo(_said(folder, surface, made), nl=False)


def _rows(data: list[Path], surface: str, *, from_traces: bool, feedback: bool) -> "list[Row]":
    from evals.gate.given import given
    from evals.gate.harvest import harvested

    if not (data or from_traces or feedback):
        raise UsageError("There is nothing to train on.", "Give files, --from-traces or --feedback.")
    rows = given(data, surface) if data else []
    if from_traces or feedback:
        with stored.opened() as store:
            rows += harvested(store, surface, traces=from_traces, feedback=feedback)
    # A text that a person labelled counts as that, and not as what a run made of it.
    return list({row.text: row for row in reversed(rows)}.values())


def _prior(folder: Path | None, surface: str) -> "Artefact | None":
    """The artefact to start from; None where none is shipped."""
    from evals.gate.own import ARTEFACT
    from models.gate.artefact import read
    from models.gate.trained import SHIPPED

    if folder is None:
        shipped = SHIPPED / ARTEFACT[surface]
        return read(shipped) if shipped.exists() else None
    found = read(folder)
    if found.card.surface != surface:
        raise UsageError(f"{folder} is for the surface {found.card.surface}.", f"Give one for {surface}.")
    return found


def _policy(folder: Path, surface: str) -> str:
    name = json.dumps(f"trained:{os.path.abspath(folder)}")  # noqa: PTH100 - a link stays as it is named
    return f'[gate.{PLACES[surface]}]\nclassifiers = ["rules", {name}]\n'


def _said(folder: Path, surface: str, made: "Own") -> str:
    from evals.gate.compared import rendered

    lines = [f"Written to {folder}."]
    for category, head in made.card.heads.items():
        promise = head.promise
        lines.append(
            f"{category}: {head.action} from {head.threshold:.3f} on"
            + (
                f"; at most {promise.false_alarms:.1%} false alarms at {promise.confidence:.0%} confidence, "
                f"from {promise.benign} benign texts"
                if promise
                else ""
            )
        )
    if made.dropped:
        lines.append(f"{made.dropped} texts were left out: near-duplicates of texts held back.")
    beside = f"\nBeside the one it started from:\n\n{rendered(made.compared)}" if made.compared else ""
    return "\n".join(lines) + "\n" + beside + f"\nIn policy.toml:\n\n{_policy(folder, surface)}"
