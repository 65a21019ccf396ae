"""`warrant trace export`: traces for other tools, and for training."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from app import stored
from state.errors import UsageError

if TYPE_CHECKING:
    from evals.traces.training import Training
    from state.schema import Json
    from state.store import Store
    from state.trace import Run

EPILOG = (
    "Examples: warrant trace export 019a --out run.jsonl · warrant trace export --format sft --min-score 1"
)


class ExportFormat(StrEnum):
    """In which form traces are written."""

    JSONL = "jsonl"
    LANGSMITH = "langsmith"
    OPENAI = "openai"
    LANGCHAIN = "langchain"
    SFT = "sft"
    DPO = "dpo"


TRAINING = (ExportFormat.SFT, ExportFormat.DPO)


def export(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Runs' ids or their beginnings; the last one.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of stdout.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every trace there is.")] = False,
    form: Annotated[
        ExportFormat, typer.Option("--format", help="A run a line, a conversation a line, or training data.")
    ] = ExportFormat.JSONL,
    redact: Annotated[
        bool | None,
        typer.Option(
            "--redact/--no-redact",
            help="Replace secrets and personal data; the default for sft and dpo.",
            show_default=False,
        ),
    ] = None,
    key: Annotated[str, typer.Option(help="sft, dpo: the rating that counts.")] = "score",
    min_score: Annotated[float, typer.Option(help="sft: the lowest rating that is taken.")] = 1.0,
    tools: Annotated[
        Path | None,
        typer.Option(help="sft, dpo: JSON file of tool definitions, for traces that do not hold them."),
    ] = None,
) -> None:
    """Write traces as JSON Lines.

    jsonl is one run a line; langsmith the same with the fields that an import from there had; openai and
    langchain one conversation a line. What was imported in a format is exported in it as it was. sft and dpo
    are TRL's conversational formats; they take every rated trace unless ids are given.
    """
    if everything and ids:
        raise UsageError("Give ids or --all, not both.", "See warrant trace export --help.")
    with stored.opened() as store:
        if form in TRAINING:
            training = _training(store, tools)
            lines = _trained(store, training, ids, form, key, min_score)
        else:
            chosen: list[str | None] = [*ids] if ids else [None]
            traces = stored.every(store) if everything else (stored.trace(store, each) for each in chosen)
            lines = (line for runs in traces for line in _lines(runs, form))
        _write(lines, out, redact=form in TRAINING if redact is None else redact)
        if form in TRAINING:
            _tell(training, key)


def _lines(runs: "list[Run]", form: ExportFormat) -> "Iterator[Json]":
    from evals.traces.run_lines import line_of
    from evals.traces.transcripts import record_of

    if form == ExportFormat.JSONL:
        yield from (run.model_dump(mode="json") for run in runs)
    elif form == ExportFormat.LANGSMITH:
        yield from map(line_of, runs)
    else:
        yield record_of(runs, "openai" if form == ExportFormat.OPENAI else "langchain")


def _training(store: "Store", tools: Path | None) -> "Training":
    from evals.traces.training import Training

    if tools is None:
        return Training(store.runs)
    try:
        found = json.loads(tools.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"Cannot read {tools}: {error}.", "Give a JSON file with a list of tools."
        ) from error
    if not isinstance(found, list):
        raise UsageError(f"{tools} holds no list.", "Give a JSON file with a list of tools.")
    return Training(store.runs, found)


def _trained(
    store: "Store",
    training: "Training",
    ids: list[str] | None,
    form: ExportFormat,
    key: str,
    min_score: float,
) -> "Iterator[Json]":
    from evals.traces.training import Opinion, opinions

    found = opinions(store.feedback(), key)
    if ids:
        chosen = [store.trace_of(prefix) for prefix in ids]
        found = {trace_id: found.get(trace_id, Opinion(None, None)) for trace_id in chosen}
    return training.sft(found, min_score) if form == ExportFormat.SFT else training.dpo(found)


def _tell(training: "Training", key: str) -> None:
    typer.echo(f"{training.written} records written", err=True)
    for reason, count in training.left_out.most_common():
        typer.echo(f"left out {count}: {reason}", err=True)
    if training.without_tools:
        typer.echo(f"{training.without_tools} records call tools that they do not define: --tools", err=True)
    if not training.written and not training.left_out:
        typer.echo(f"No trace has a rating {key!r}. Rate some: warrant trace rate ID --score 1", err=True)


def _write(lines: "Iterable[Json]", out: Path | None, *, redact: bool) -> None:
    from evals.traces.run_lines import redacted
    from models.redaction import Redactor

    redactor = Redactor()
    clean: Callable[[Json], Json] = (lambda line: redacted(line, redactor)) if redact else (lambda line: line)
    with _opened(out) as file:
        file.writelines(json.dumps(clean(line), ensure_ascii=False) + "\n" for line in lines)
    if redact:
        typer.echo(f"{redactor.replaced} secrets and personal data replaced", err=True)


@contextmanager
def _opened(out: Path | None) -> Iterator[IO[str]]:
    if out is None:
        yield sys.stdout
        return
    try:
        with out.open("w", encoding="utf-8") as file:
            yield file
    except OSError as error:
        raise UsageError(f"Cannot write {out}: {error.strerror}.", "Give another --out.") from error
