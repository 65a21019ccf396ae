"""`warrant eval judge`: measure a judge against labels, and see what a calibration says."""

import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from state.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from evals.judges.calibration import Artefact

CALIBRATE_EXAMPLE = """Examples:

warrant eval judge calibrate labels.jsonl --rubric faithful --model openai:gpt-5-mini-2025-08-07

warrant eval judge calibrate labels.jsonl.gz --rubric rubric.md --model http://127.0.0.1:8000/v1#m --repeats 3

A line of LABELS: {"id": "1", "evidence": "…", "answer": "…", "label": "pass"}; see docs/judges.md.
Stopped by Ctrl-C, a bound or an outage, the same command goes on where it was.

Exit codes: 0 done, 2 usage error, 5 the model cannot be asked or a bound is reached, 130 stopped."""
SHOW_EXAMPLE = "Example: warrant eval judge show var/judges/faithful.json --level 0.7"

commands = typer.Typer(help="Calibrate LLM judges against labels.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


@commands.command(epilog=CALIBRATE_EXAMPLE)
def calibrate(
    labels: Annotated[Path, typer.Argument(help="Labelled items, JSON Lines, .gz or not.")],
    rubric: Annotated[str, typer.Option(help="Shipped rubric (faithful, helpful, better) or a file.")],
    model: Annotated[str, typer.Option(help="The judge: a chat model by name.")],
    out: Annotated[
        Path | None, typer.Option(help="Write the calibration here; var/judges/RUBRIC.json by default.")
    ] = None,
    votes: Annotated[
        Path | None, typer.Option(help="Keep finished votes here; var/judges/votes.jsonl by default.")
    ] = None,
    repeats: Annotated[
        int, typer.Option(min=1, max=100, help="Votes on each item, to measure self-consistency.")
    ] = 1,
    concurrency: Annotated[int, typer.Option(min=1, max=100, help="Items judged at once.")] = 4,
    max_calls: Annotated[int, typer.Option(min=1, help="Bound on model calls.")] = 10_000,
    max_cost: Annotated[float | None, typer.Option(min=0, help="Bound on US dollars.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure a judge against labels: kappa, TPR and TNR, each with its interval.

    Without such a calibration, fresh and above the declared level, a judge's score is advisory.
    """
    from dataclasses import replace
    from datetime import UTC, datetime

    from evals.judges import calibration
    from evals.judges.item import read_labels
    from evals.judges.judge import named_judge
    from evals.judges.rubric import load
    from evals.judges.votes import Budget, VoteFile
    from state.policy import load_policy
    from state.settings import settings

    chosen = load(rubric)
    labelled = read_labels(labels, chosen)
    folder = settings().home / "judges"
    target, kept = out or folder / f"{chosen.name}.json", votes or folder / "votes.jsonl"
    for path in (target, kept):
        _make_folder(path)
    judge = replace(
        named_judge(model, chosen, load_policy(settings().policy).models, settings()),
        votes=VoteFile.open(kept),
        budget=Budget(max_calls, max_cost),
        repeats=repeats,
        concurrency=concurrency,
    )
    artefact = _run(calibration.calibrate(judge, labelled, datetime.now(UTC), _progress(len(labelled))))
    _write(target, artefact.model_dump_json(indent=2) + "\n")
    sys.stderr.write(f"Written to {target}\n")
    sys.stdout.write((artefact.model_dump_json() if as_json else _drawn(artefact)) + "\n")


@commands.command(epilog=SHOW_EXAMPLE)
def show(
    artefact: Annotated[Path, typer.Argument(help="A calibration, as calibrate wrote it.")],
    level: Annotated[
        float, typer.Option(min=-1, max=1, help="What the lower bound of kappa must exceed.")
    ] = 0.6,
    max_age_days: Annotated[float, typer.Option(min=0, help="Oldest calibration that counts.")] = 90.0,
    as_json: AsJson = False,
) -> None:
    """Show a calibration, and whether its judge may gate today."""
    import json
    from datetime import UTC, datetime

    from evals.judges.calibration import read_artefact
    from evals.judges.trust import trusted

    found = read_artefact(artefact)
    bound, now = found.bound, datetime.now(UTC)
    trust = trusted(found, bound.model, bound.rubric, now, level=level, max_age_days=max_age_days)
    if as_json:
        said = {**found.model_dump(mode="json"), "gates": trust.gates, "trust": trust.reason}
        sys.stdout.write(json.dumps(said) + "\n")
        return
    sys.stdout.write(f"{_drawn(found)}\n{'gates' if trust.gates else 'advisory':<10} {trust.reason}\n")


def _run(work: "Coroutine[Any, Any, Artefact]") -> "Artefact":
    """Wait for the calibration; Ctrl-C loses no finished vote."""
    import asyncio

    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        sys.stderr.write("warrant: Stopped. The same command goes on where it was.\n")
        raise typer.Exit(ExitCode.STOPPED) from None


def _progress(total: int) -> Callable[[int], None]:
    every = max(1, total // 20)

    def done(count: int) -> None:
        if count % every == 0 or count == total:
            sys.stderr.write(f"{count} of {total} judged\n")

    return done


def _drawn(artefact: "Artefact") -> str:
    """The calibration as a small table."""
    lines = [
        f"judge      {artefact.bound.model_name}, rubric {artefact.bound.rubric_name}, "
        f"{artefact.created:%Y-%m-%d}",
        f"labels     {artefact.n}, {artefact.prevalence:.1%} good",
    ]
    for name, estimate in (
        ("kappa", artefact.kappa),
        ("TPR", artefact.tpr),
        ("TNR", artefact.tnr),
        ("unanimous", artefact.unanimous),
    ):
        if estimate is not None:
            lines.append(
                f"{name:<10} {_estimate(estimate.value, estimate.low, estimate.high)}, n={estimate.n}"
            )
    without = ", ".join(f"{count} {why}" for why, count in artefact.undefined.items())
    lines.append(f"{'undefined':<10} {without or 'none'}")
    if artefact.kept_to_a_side is not None:
        sides = artefact.kept_to_a_side
        lines.append(
            f"{'one side':<10} {sides['first']} first, {sides['second']} second, whatever stood there"
        )
    cost = "unknown" if artefact.usage.cost_usd is None else f"${artefact.usage.cost_usd:.4f}"
    lines.append(f"{'cost':<10} {artefact.usage.model_calls} calls, {cost}")
    return "\n".join(lines)


def _estimate(value: float | None, low: float | None, high: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f} ({low:.3f} to {high:.3f})"


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"Cannot make {path.parent}: {error.strerror}.", "Give another path.") from error


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"Cannot write {path}: {error.strerror}.", "Give another --out.") from error
