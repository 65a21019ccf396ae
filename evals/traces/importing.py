"""Importing: files of other tools become traces, always with the same ids, so that nothing is there twice."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

from evals.traces.conversations import runs_of_conversation, trace_id_of
from evals.traces.records import DEEP, STDIN, MalformedError, Record, records
from evals.traces.run_lines import KEPT, redacted, runs_of
from models.redaction import Redactor
from state.errors import UsageError
from state.feedback import Feedback
from state.schema import Json
from state.store import Store
from state.trace import Run

Format: TypeAlias = Literal["langsmith", "openai", "langchain", "tau-bench", "jsonl"]

BATCH = 1_000
"""Runs that are written to the store at once."""
TAU = ("task_id", "trial", "reward", "user_id")
"""Fields of a τ-bench run that go into the trace's metadata."""

Watch: TypeAlias = Callable[["Imported"], None]


@dataclass
class Imported:
    """What an import has done so far."""

    traces: int = 0
    runs: int = 0
    known: int = 0
    """Runs that were there before; they were replaced."""
    feedback: int = 0
    redacted: int = 0
    """Secrets and personal data that were replaced."""
    malformed: int = 0
    """Lines that were left out."""


@dataclass
class Reader:
    """Reads traces out of files of one format."""

    form: Format
    redactor: Redactor | None = None
    skip_malformed: bool = False
    malformed: int = 0

    def read(self, path: Path) -> Iterator[list[Run]]:
        """The traces of a file one by one; of a file of runs, one run at a time.

        Raises:
            UsageError: the file cannot be read, or a line is malformed.
        """
        begun = _time_of(path)
        for record in records(path):
            try:
                runs = self._runs(record, begun)
            except (ValueError, RecursionError) as error:
                if not self.skip_malformed:
                    problem = DEEP if isinstance(error, RecursionError) else str(error)
                    raise MalformedError(path, record.at, problem) from error
                self.malformed += 1
                continue
            yield runs

    def of_run(self, line: Json) -> list[Run]:
        """The runs in a line that was written as LangSmith does.

        Raises:
            ValueError: it is none.
        """
        return list(runs_of(redacted(line, self.redactor) if self.redactor else line))

    def _runs(self, record: Record, begun: datetime) -> list[Run]:
        if record.problem:
            raise ValueError(record.problem)
        if self.form in {"langsmith", "jsonl"}:
            return self.of_run(record.value)
        value = self.redactor(record.value) if self.redactor else record.value
        trace_id = trace_id_of(record.value, record.at)
        metadata = _metadata(value) if self.form == "tau-bench" else {}
        start = begun + timedelta(milliseconds=record.at)
        return runs_of_conversation(value, trace_id, self.form, start, metadata)


def write(traces: Iterable[list[Run]], store: Store, watch: Watch) -> Imported:
    """Write traces and what is thought of them to the store, in batches; doing it again goes on.

    Raises:
        StoreError: the database cannot be used; the batches before are written.
    """
    done = Imported()
    for batch in _batches(traces):
        judged = [one for run in batch for one in feedback_of(run)]
        done.known += len(store.known([run.id for run in batch]))
        store.write_runs(batch)
        store.write_feedback(judged)
        _count(done, batch)
        done.feedback += len(judged)
        watch(done)
    return done


def save(traces: Iterable[list[Run]], path: Path, watch: Watch) -> Imported:
    """Write traces to a file, one run a line.

    Raises:
        UsageError: the file cannot be written.
    """
    done = Imported()
    try:
        with path.open("w", encoding="utf-8") as file:
            for batch in _batches(traces):
                file.writelines(json.dumps(run.model_dump(mode="json")) + "\n" for run in batch)
                _count(done, batch)
                watch(done)
    except OSError as error:
        raise UsageError(f"Cannot write {path}: {error.strerror}.", "Give another --out.") from error
    return done


def feedback_of(run: Run) -> Iterator[Feedback]:
    """The judgements that were recorded with a root: τ-bench's reward, LangSmith's feedback."""
    if run.parent_run_id is not None:
        return
    judged = partial(Feedback, trace_id=run.trace_id, created=run.end_time or run.start_time)
    reward = run.metadata.get("reward")
    if run.name == "tau-bench" and isinstance(reward, int | float):
        yield judged(key="reward", score=reward, source="tau-bench")
    kept = run.extra.get(KEPT)
    stats = kept["fields"].get("feedback_stats") if isinstance(kept, Mapping) else None
    for key, found in stats.items() if isinstance(stats, Mapping) else ():
        if isinstance(found, Mapping) and isinstance(found.get("avg"), int | float):
            yield judged(key=key, score=found["avg"], source="langsmith")


def _count(done: Imported, batch: Sequence[Run]) -> None:
    done.runs += len(batch)
    done.traces += sum(run.parent_run_id is None for run in batch)


def _batches(traces: Iterable[list[Run]]) -> Iterator[list[Run]]:
    """Batches of whole traces; what a file says twice is taken from its later line."""
    batch: dict[str, Run] = {}
    for runs in traces:
        batch |= {run.id: run for run in runs}
        if len(batch) >= BATCH:
            yield list(batch.values())
            batch = {}
    if batch:
        yield list(batch.values())


def _metadata(record: Json) -> dict[str, Json]:
    return {name: record[name] for name in TAU if name in record} if isinstance(record, dict) else {}


def _time_of(path: Path) -> datetime:
    """When the file was written, since its conversations do not say when they were held."""
    known = path != STDIN and path.is_file()
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) if known else datetime.now(UTC)
