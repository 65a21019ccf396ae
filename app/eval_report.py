"""`warrant eval report`: a suite's runs as one page."""

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from state.errors import UsageError

EPILOG = "Example: warrant eval report BASE NEW --out report.html"

MEGABYTE = 1_000_000


def report(
    runs: Annotated[list[str], typer.Argument(help="Folders of runs, or ids under WARRANT_HOME/evals.")],
    out: Annotated[Path, typer.Option(help="Write the page to this file.")] = Path("report.html"),
    traces: Annotated[
        Literal["all", "failed", "none"], typer.Option(help="Of which trials the page holds the traces.")
    ] = "failed",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON document.")] = False,
) -> None:
    """Draw one self-contained page: scores with intervals, the trend over versions, every case and trace."""
    from evals.report.figures import figures
    from evals.report.page import page
    from evals.report.source import recorded
    from state.settings import settings

    found = recorded(runs, settings().home)
    drawn = page(found, traces).encode()
    try:
        out.write_bytes(drawn)
    except OSError as error:
        raise UsageError(f"Cannot write {out}: {error.strerror}.", "Give another --out.") from error
    sys.stderr.write(f"{out}: {len(drawn) / MEGABYTE:.1f} MB, traces: {traces}\n")
    if as_json:
        shown = {
            "out": str(out),
            "bytes": len(drawn),
            "runs": [figures(run.info, run.trials) for run in found],
        }
        sys.stdout.write(json.dumps(shown, indent=2) + "\n")
