"""`warrant eval upload`: a suite's run at LangSmith."""

import json
import sys
from typing import Annotated

import typer

EPILOG = "Example: LANGSMITH_TRACING=true LANGSMITH_API_KEY=… warrant eval upload RUN"


def upload(
    run: Annotated[str, typer.Argument(help="Folder of a run, or its id under WARRANT_HOME/evals.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> None:
    """Upload a run's cases as a dataset and its trials as an experiment, redacted; again changes nothing."""
    from evals.report.source import folder_of
    from evals.suites.langsmith import upload as send
    from state.settings import settings

    chosen = settings()
    sent = send(folder_of(run, chosen.home), chosen)
    if as_json:
        sys.stdout.write(json.dumps(sent._asdict(), indent=2) + "\n")
        return
    sys.stdout.write(f"dataset {sent.dataset}: {sent.examples} examples\n")
    sys.stdout.write(f"experiment {sent.experiment}: {sent.runs} runs, {sent.feedback} scores\n")
