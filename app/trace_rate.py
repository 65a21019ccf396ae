"""`warrant trace rate`: what a person thinks of a trace."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from app import stored
from state.errors import UsageError

EPILOG = 'Example: warrant trace rate 019a --score 0 --correction "Returns are free for 30 days."'


def rate(
    run: Annotated[str, typer.Argument(help="A run's id or its beginning.")],
    score: Annotated[
        float | None, typer.Option(min=0, max=1, help="How good it is, from 0 to 1.", show_default=False)
    ] = None,
    key: Annotated[str, typer.Option(help="What is judged.")] = "score",
    comment: Annotated[str | None, typer.Option(help="Why.")] = None,
    correction: Annotated[str | None, typer.Option(help="What the answer should have been.")] = None,
    source: Annotated[str, typer.Option(help="Who judges.")] = "human",
) -> None:
    """Rate a trace; what an earlier rating said and this one does not stays.

    `warrant trace export --format sft` and `dpo` make training data of what was rated.
    """
    from state.feedback import Feedback

    given = {"score": score, "comment": comment, "correction": correction}
    said = {name: value for name, value in given.items() if value is not None}
    if not said:
        raise UsageError("Nothing is said about the trace.", "Give --score, --comment or --correction.")
    if not key or not source or max(len(key), len(source)) > Feedback.MAX_NAME:
        raise UsageError("--key and --source are names of 1 to 200 characters.", "Give shorter ones.")
    with stored.opened() as store:
        trace_id = store.trace_of(run)
        before = [one for one in store.feedback(trace_id) if (one.key, one.source) == (key, source)]
        old = before[0] if before else Feedback(trace_id=trace_id, key=key, source=source, created=_now())
        store.write_feedback([old.model_copy(update={**said, "created": _now()})])
    typer.echo(f"rated {trace_id}")


def _now() -> datetime:
    return datetime.now(UTC)
