"""`warrant gate eval`: what the gate is worth on labelled texts; with bounds, a gate for CI."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.gate_parts import Json, judgings
from state.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from evals.gate.adversarial import Slip
    from evals.gate.rows import Row

EPILOG = """Examples:

warrant gate eval ours.jsonl --max-false-alarms 0.01 --min-recall 0.8

warrant gate eval ours.jsonl --classifier trained:var/gate/input --adversarial --json

A line is {"text": "…", "label": 0}, label 1 for an attack; surface (input or tool), category, source and lang
may be given as well. Exit codes: 0, 1 a bound is not kept, 2 usage error."""

Data = Annotated[list[Path], typer.Argument(help="JSON Lines, plain or gzipped.", show_default=False)]


def evaluate(
    data: Data,
    classifier: Annotated[
        str, typer.Option(help="Who judges; `policy` asks everybody whom the policy names.")
    ] = "injection",
    max_false_alarms: Annotated[
        float | None, typer.Option(min=0, max=1, help="More benign texts held back: exit 1.")
    ] = None,
    min_recall: Annotated[
        float | None, typer.Option(min=0, max=1, help="Fewer attacks held back: exit 1.")
    ] = None,
    flags: Annotated[bool, typer.Option("--flags", help="Count what is only flagged as held back.")] = False,
    adversarial: Annotated[
        bool, typer.Option("--adversarial", help="Say which transformations of the attacks slip through.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Measure the gate: recall, false alarms, ranking, calibration and time on labelled texts."""
    import asyncio

    from evals.gate.given import given
    from evals.gate.judged import judge
    from evals.gate.measured import measured, misses, rendered

    rows = given(data)
    places = judgings(None if classifier == "policy" else classifier)
    found = measured(asyncio.run(judge(rows, places)), flags=flags)
    slips = _slips(classifier, rows) if adversarial else {}
    missed = misses(found, max_false_alarms, min_recall)
    if as_json:
        document = {
            "classifier": classifier,
            "digests": {place: places[place].digest for place in ("screen", "result")},
            **found.as_json(),
            "adversarial": {name: [vars(one) for one in each] for name, each in slips.items()},
            "missed": missed,
        }
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        typer.echo(rendered(found), nl=False)
        _show(slips)
    for line in missed:
        typer.echo(line, err=True)
    raise typer.Exit(ExitCode.DIFFERENT if missed else ExitCode.ANSWERED)


def _slips(classifier: str, rows: "list[Row]") -> "dict[str, list[Slip]]":
    from evals.gate.plainly import slips
    from models.gate.artefact import read
    from models.gate.trained import folders

    found = folders(classifier)
    if not found:
        raise UsageError(
            f"{classifier} reads texts in its own way: there is no before and after to compare.",
            "Use --adversarial with injection or trained:FOLDER.",
        )
    artefacts = [read(folder) for folder in found]
    surfaces = {row.surface for row in rows}
    return {one.card.name: slips(one, rows) for one in artefacts if one.card.surface in surfaces}


def _show(slips: "dict[str, list[Slip]]") -> None:
    from evals.gate.plainly import rendered

    for name, found in slips.items():
        typer.echo(f"\nTransformed texts, by {name}:\n\n{rendered(found)}", nl=False)
