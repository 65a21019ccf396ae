"""`warrant ask`: one question, one answer."""

import json
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from state.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from app.progress import Progress

EXIT_CODES = {
    "answered": ExitCode.ANSWERED,
    "refused": ExitCode.REFUSED,
    "needs_approval": ExitCode.NEEDS_HUMAN,
    "needs_input": ExitCode.NEEDS_HUMAN,
    "failed": ExitCode.FAILED,
}
EPILOG = """Examples:

warrant ask "How long do customers have to return a product?"

warrant ask "Refund order WR-1042" --json

warrant ask --resume THREAD --approve s1

warrant ask --resume THREAD --edit 's1={"order_id": "WR-1042", "amount": 5}'

Exit codes: 0 answered, 2 usage error, 3 refused, 4 needs approval or input, 5 failed, 130 stopped
by Ctrl-C."""


def ask(
    question: Annotated[
        str | None, typer.Argument(help="The question; - reads it from standard input.")
    ] = None,
    thread: Annotated[str | None, typer.Option(help="Continue this conversation.")] = None,
    schema: Annotated[
        Path | None, typer.Option(help="JSON Schema (draft 2020-12) that the answer's `data` must satisfy.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Chat model by name, such as offline.")] = None,
    passages: Annotated[
        int | None, typer.Option(min=1, max=100, help="Passages that a search returns.")
    ] = None,
    resume: Annotated[
        str | None, typer.Option(help="Go on with the run or thread of this id, after a crash or a question.")
    ] = None,
    approve: Annotated[list[str] | None, typer.Option(help="Step that may be called.")] = None,
    reject: Annotated[list[str] | None, typer.Option(help="Step that must not be called.")] = None,
    edit: Annotated[
        list[str] | None,
        typer.Option(metavar="STEP=JSON", help="Call the step with these arguments instead."),
    ] = None,
    respond: Annotated[
        list[str] | None, typer.Option(metavar="STEP=TEXT", help="Say this instead of the call.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> None:
    """Ask the agent a question, continue a conversation, or answer a run that waits."""
    from app.decisions import decided
    from app.progress import Progress

    decisions = decided(approve or [], reject or [], edit or [], respond or [])
    if (question is None) == (resume is None):
        raise UsageError("Give a question or --resume ID, one of both.", "See warrant ask --help.")
    if resume is None and decisions:
        raise UsageError("A decision needs --resume ID.", "See warrant ask --help.")
    progress = Progress()
    if resume is not None:
        document = _run(_resume(resume, decisions, progress), resume)
    else:
        asked = sys.stdin.read() if question == "-" else question or ""
        asked = asked.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # bytes that are no text
        context = {"model": model, "passages": passages}
        thread = thread or str(uuid4())
        document = _run(_ask(asked, thread, _schema(schema), context, progress), thread)
    progress.close(document)
    sys.stdout.write(json.dumps(document, ensure_ascii=False) if as_json else progress.answer(document))
    sys.stdout.write("\n")
    raise typer.Exit(EXIT_CODES[document["outcome"]])


def _run(work: Coroutine[Any, Any, dict[str, Any]], id_: str) -> dict[str, Any]:
    """Wait for the document; Ctrl-C loses nothing that is finished."""
    import asyncio

    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        sys.stderr.write(f"warrant: Stopped. Go on with: warrant ask --resume {id_}\n")
        raise typer.Exit(ExitCode.STOPPED) from None


def _schema(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    from state.schema import check_schema

    try:
        return check_schema(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(
            f"Cannot read the schema {path}: {error.strerror}.", "Give a readable file."
        ) from error
    except ValueError as error:
        raise UsageError(f"{path} is not JSON: {error}.", "Correct the file.") from error


async def _ask(
    question: str,
    thread: str,
    schema: dict[str, Any] | None,
    context: dict[str, Any],
    progress: "Progress",
) -> dict[str, Any]:
    from graphs.run import session
    from state.agent import Context

    async with session() as agent:
        return await agent.ask(
            question,
            thread_id=thread,
            answer_schema=schema,
            context=Context(**context),
            progress=progress,
        )


async def _resume(id_: str, decisions: dict[str, Any], progress: "Progress") -> dict[str, Any]:
    from graphs.run import session

    async with session() as agent:
        return await agent.resume(agent.thread_of(id_), decisions, progress)
