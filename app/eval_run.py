"""`warrant eval run` and `warrant eval list`: run a suite of cases, see what was run."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from state.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from evals.cases.case import Case
    from evals.suites.agent import Agent
    from evals.suites.runner import Report
    from evals.suites.suite import Suite
    from state.settings import Settings

RUN_EPILOG = """Exit code: 0 the suite was run, whatever it scored; 2 usage; 5 no trial could be run.

Example: warrant eval run evals/suites/demo --model offline --trials 3

A run that was stopped or killed goes on with: warrant eval run SUITE --resume RUN"""
LIST_EXAMPLE = "Example: warrant eval list --json"
LINE_SECONDS = 10.0
"""Between two lines of progress where there is no terminal."""
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def run(
    suite: Annotated[Path, typer.Argument(help="A suite.toml, or the folder that holds one.")],
    trials: Annotated[int | None, typer.Option(min=1, help="How often each case is run.")] = None,
    model: Annotated[str | None, typer.Option(help="Chat model by name, such as offline.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, help="Trials that run at once.")] = None,
    case: Annotated[list[str] | None, typer.Option(help="Only this case; may be repeated.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only cases with this tag; may be repeated.")] = None,
    graph: Annotated[
        str | None, typer.Option(help="Graph as module:name, or the assistant's name with --url.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="URL of a deployed graph API to run against.")] = None,
    resume: Annotated[str | None, typer.Option(help="Go on with this run: its id or folder.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the results; one under WARRANT_HOME/evals by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run every case of a suite and score it; results are kept trial by trial."""
    from app.eval_summary import shown
    from evals.cases.dataset import load
    from evals.suites.folder import read_run
    from evals.suites.judges import judges_of
    from evals.suites.runner import Job
    from evals.suites.runner import run as run_suite
    from evals.suites.scoring import scoring_of
    from evals.suites.suite import load_suite
    from evals.suites.summary import summary
    from state.settings import settings

    if resume is not None and out is not None:
        raise UsageError("Give --resume or --out, not both.", "Either goes on with what is in the folder.")
    changes = {"trials": trials, "model": model, "concurrency": concurrency, "graph": graph, "url": url}
    chosen = load_suite(suite, changes)
    cases = _chosen(load(chosen.dataset).cases, case or [], tag or [])
    folder = _resumed(resume) if resume is not None else out or _new(chosen.name)
    try:
        with _agent(chosen) as agent, _progress() as report:
            scoring = scoring_of(chosen, agent, judges_of(chosen, folder, settings()))
            run_suite(Job(chosen, cases, agent, scoring), folder, report)
    except KeyboardInterrupt:
        sys.stderr.write(f"warrant: Stopped. Go on with: warrant eval run {suite} --resume {folder}\n")
        raise typer.Exit(ExitCode.STOPPED) from None
    found = summary(*read_run(folder), str(folder))
    sys.stdout.write(found.model_dump_json(indent=2) + "\n" if as_json else shown(found))
    if not found.trials:
        raise typer.Exit(ExitCode.FAILED)
    _upload(folder, settings())


def _upload(folder: Path, chosen: "Settings") -> None:
    """Upload the run where LangSmith is configured; one that is down costs a message, and never the run."""
    if not chosen.langsmith_tracing or chosen.langsmith_api_key is None:
        return
    from evals.suites.langsmith import upload
    from graphs.langsmith_export import ExportError

    try:
        sent = upload(folder, chosen)
    except ExportError as error:
        sys.stderr.write(f"warrant: {error}\n")
        return
    sys.stderr.write(f"LangSmith: experiment {sent.experiment}, {sent.runs} runs, {sent.feedback} scores\n")


def list_runs(as_json: AsJson = False) -> None:
    """List the runs under WARRANT_HOME/evals, newest first."""
    from evals.suites.folder import RUN, read_run
    from evals.suites.summary import summary

    folders = [path.parent for path in _home().glob(f"*/{RUN}")]
    found = [summary(*read_run(folder), str(folder)) for folder in folders]
    found.sort(key=lambda one: one.run.started, reverse=True)
    if as_json:
        sys.stdout.write(json.dumps([one.model_dump(mode="json") for one in found], indent=2) + "\n")
        return
    for one in found:
        rate = f"{one.passed.value:6.1%}" if one.passed else "     –"
        state = "" if one.run.finished else "  not finished"
        sys.stdout.write(f"{one.run.id}  {rate} of {one.trials} trials  {one.run.suite}{state}\n")
    if not found:
        sys.stderr.write("There are no runs yet. Make one: warrant eval run evals/suites/demo\n")


def _chosen(cases: "tuple[Case, ...]", ids: list[str], tags: list[str]) -> "list[Case]":
    """The cases that are asked for.

    Raises:
        UsageError: there is no such case, or none with such a tag.
    """
    known = {case.id for case in cases}
    if unknown := [id_ for id_ in ids if id_ not in known]:
        raise UsageError(f"There is no case {unknown[0]!r}.", "Name one by its id in the dataset.")
    found = [
        case for case in cases if (not ids or case.id in ids) and (not tags or set(tags) & set(case.tags))
    ]
    if not found:
        raise UsageError(f"No case has the tag {', '.join(tags)}.", "Name a tag of the dataset.")
    return found


def _home() -> Path:
    from state.settings import settings

    return settings().home / "evals"


def _resumed(name: str) -> Path:
    folder = Path(name) if Path(name).is_dir() else _home() / name
    if not (folder / "run.json").exists():
        raise UsageError(f"There is no run {name}.", "See: warrant eval list.")
    return folder


def _new(name: str) -> Path:
    from datetime import UTC, datetime
    from uuid import uuid4

    return _home() / f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid4().hex[:4]}"


@contextmanager
def _agent(suite: "Suite") -> "Iterator[Agent]":
    from evals.suites.suite import OURS

    if suite.url is not None:
        from evals.suites.deployed import DeployedAgent

        yield DeployedAgent(suite)
    elif suite.graph == OURS:
        from evals.suites.ours import our_agent

        with our_agent(suite) as agent:
            yield agent
    else:
        from evals.suites.local import LocalAgent

        yield LocalAgent(suite.graph, suite.seconds, suite.effects)


@contextmanager
def _progress() -> "Iterator[Report]":
    """Progress on stderr: a bar on a terminal, else a line now and then; and each trial that did not pass."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from evals.suites.results import Trial

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        last = time.monotonic()

        def report(trial: Trial | None, done: int, total: int) -> None:
            nonlocal last
            bar.update(task, completed=done, total=total)
            if bar.disable and time.monotonic() - last >= LINE_SECONDS:
                last = time.monotonic()
                console.print(f"{done}/{total} trials")
            if trial is not None and not trial.passed:
                why = trial.error if trial.status != "done" else ", ".join(trial.labels)
                console.print(f"{trial.case} #{trial.trial}: {why}", markup=False)

        yield report
