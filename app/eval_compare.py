"""`warrant eval compare`: whether a new version is worse than the one before."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from state.errors import UsageError

if TYPE_CHECKING:
    from evals.suites.compare import Run
    from evals.suites.comparison import Options
    from evals.suites.results import RunInfo

EPILOG = """Exit codes: 0 no regression, 1 regression, 2 usage, 3 cannot tell.

Example: warrant eval compare evals/baseline var/evals/RUN --max-drop 0.05"""
EXIT = {"no_regression": 0, "regression": 1, "cannot_tell": 3}


def compare(
    base: Annotated[str, typer.Argument(help="Folder of a run, or its id: the version before.")],
    new: Annotated[str, typer.Argument(help="Folder of a run, or its id: the new version.")],
    max_drop: Annotated[
        float | None,
        typer.Option(min=0, help="How much worse a measure may be, such as 0.05; asks for evidence of it."),
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="A measure that decides; may be repeated. passed by default.")
    ] = None,
    alpha: Annotated[float, typer.Option(help="Chance of a false alarm, over all that decide.")] = 0.05,
    exact: Annotated[
        bool | None,
        typer.Option(
            "--exact/--no-exact", help="For deterministic suites: any case that got worse is a regression."
        ),
    ] = None,
    max_infrastructure: Annotated[
        float, typer.Option(min=0, max=1, help="Share of trials that the infrastructure may lose.")
    ] = 0.05,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> None:
    """Compare two runs of a suite case by case, and decide whether the new one is worse.

    Unless --exact or --max-drop says otherwise, the [gate] of the suite decides, as the base run has it.
    """
    from app.drawing import show
    from app.eval_comparison import drawn
    from evals.suites.compare import compare as compare_runs

    before, after = _run(base), _run(new)
    if exact is None and max_drop is None:
        exact, max_drop = _gate(before.info, after.info)
    options = _options(metric, max_drop, alpha, bool(exact), max_infrastructure)
    found = compare_runs(before, after, options)
    if as_json:
        sys.stdout.write(found.model_dump_json(indent=2) + "\n")
    else:
        show(*drawn(found))
    raise typer.Exit(EXIT[found.decision])


def _gate(base: "RunInfo", new: "RunInfo") -> tuple[bool, float | None]:
    """The suite's gate if both runs have one: the base's, so that no change relaxes its own."""
    if base.gate is None or new.gate is None:
        return False, None
    asked = "--exact" if base.gate.deterministic else f"--max-drop {base.gate.max_drop}"
    if base.gate.deterministic or base.gate.max_drop is not None:
        sys.stderr.write(f"The suite asks for {asked}; --no-exact decides without.\n")
    return base.gate.deterministic, base.gate.max_drop


def _options(
    metric: list[str] | None, max_drop: float | None, alpha: float, exact: bool, max_infrastructure: float
) -> "Options":
    from pydantic import ValidationError

    from evals.suites.comparison import Options

    try:
        return Options(
            metrics=tuple(metric or ("passed",)),
            max_drop=max_drop,
            alpha=alpha,
            exact=exact,
            max_infrastructure=max_infrastructure,
        )
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).replace("_", "-")
        raise UsageError(f"--{name}: {first['msg']}.", "See warrant eval compare --help.") from error


def _run(name: str) -> "Run":
    from evals.suites.compare import Run
    from evals.suites.folder import read_run
    from state.settings import settings

    given = Path(name)
    return Run(*read_run(given if given.is_dir() else settings().home / "evals" / name))
