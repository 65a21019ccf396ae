"""`warrant eval case`: cases from recorded runs."""

import sys
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from state.errors import UsageError

if TYPE_CHECKING:
    from evals.cases.recorded import Trace
    from state.store import Store

ADD_EXAMPLE = "Example: warrant eval case add 019a --to cases.jsonl --tag production --failed"

commands = typer.Typer(help="Make cases from recorded runs.", no_args_is_help=True)


class Part(StrEnum):
    """What a run is taken as an example of."""

    CALLS = "calls"
    ANSWER = "answer"
    OUTCOME = "outcome"
    NONE = "none"


def _named(value: str | None) -> str | None:
    if value is not None and not 0 < len(value) <= 200:
        raise typer.BadParameter("give 1 to 200 characters")
    return value


@commands.callback()
def group() -> None:
    """Make cases from recorded runs."""


@commands.command(epilog=ADD_EXAMPLE)
def add(
    run: Annotated[str, typer.Argument(help="A run's id or its beginning.")],
    to: Annotated[Path, typer.Option(help="Dataset to add the case to; it is made if it is not there.")],
    id_: Annotated[
        str | None, typer.Option("--id", help="Id of the case; of the run by default.", callback=_named)
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Tag of the case; may be repeated.")] = None,
    expect: Annotated[
        list[Part] | None,
        typer.Option(help="What is expected as recorded; may be repeated. calls and outcome by default."),
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="The run was wrong: forbid its writes, expect that it answers.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the case on stdout.")] = False,
) -> None:
    """Make a case of a run in the store, with the decisions taken in it, and add it to a dataset."""
    from evals.cases.adding import add_case
    from evals.cases.recorded import case_of, turn_of
    from state.policy import load_policy
    from state.settings import settings
    from state.store import Store

    chosen = expect or [Part.CALLS, Part.OUTCOME]
    if Part.NONE in chosen and len(chosen) > 1:
        raise UsageError("Give --expect none alone.", "See warrant eval case add --help.")
    with closing(Store(settings().database_url())) as store:
        trace_id = store.trace_of(run)
        turn = turn_of(_thread(store, trace_id), trace_id)
    effects = {name: tool.effect for name, tool in load_policy(settings().policy).tools.items()}
    parts = [part.value for part in chosen if part is not Part.NONE]
    case = case_of(turn, effects, parts, failed=failed)
    changes = {"tags": tuple(tag or ()), **({"id": id_} if id_ else {})}
    case = case.model_copy(update=changes)
    add_case(to, case)
    sys.stderr.write(f"{to}: added {case.id}. Read what it expects before you rely on it.\n")
    if as_json:
        sys.stdout.write(case.model_dump_json(exclude_defaults=True) + "\n")


def _thread(store: "Store", trace_id: str) -> "list[Trace]":
    """The traces of a trace's thread, in the order in which they began."""
    runs = store.runs(trace_id)
    thread = runs[0].metadata.get("thread_id")
    if thread is None:
        return [runs]
    roots = sorted(store.traces(limit=sys.maxsize, thread_id=str(thread)), key=lambda run: run.dotted_order)
    return [store.runs(root.id) for root in roots]
