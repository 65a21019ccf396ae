"""A suite's run at LangSmith: its cases as a dataset, its trials as an experiment on it.

Ids are made from contents, so that uploading a run again changes nothing that is there.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

from langsmith import Client
from langsmith.schemas import TracerSession
from langsmith.utils import LangSmithError, LangSmithNotFoundError
from urllib3 import Retry

from evals.report.source import Recorded, lines, read
from evals.suites.folder import TRACES
from evals.suites.results import RunInfo, Trial
from graphs.langsmith_export import BATCH, ExportError, only_said_by_us
from models.redaction import Redactor, redact
from state.errors import UsageError
from state.schema import Json
from state.settings import Settings
from state.trace import Run

TIMEOUT_MS = 3_000
"""For an answer of the server, or to reach it."""

Item = TypeVar("Item")


class Uploaded(NamedTuple):
    """What is at LangSmith now."""

    dataset: str
    experiment: str
    examples: int
    runs: int
    feedback: int


def upload(folder: Path, chosen: Settings) -> Uploaded:
    """Upload a run, without anything that must not leave the machine.

    Raises:
        UsageError: there is no such run, or LangSmith is not configured.
        ExportError: LangSmith does not take it; the folder has everything, and it can be uploaded again.
    """
    if not chosen.langsmith_tracing or chosen.langsmith_api_key is None:
        raise UsageError("LangSmith is not configured.", "Set LANGSMITH_TRACING=true and LANGSMITH_API_KEY.")
    run = read(folder)
    failures: list[Exception] = []
    with _explained(chosen.langsmith_endpoint), only_said_by_us():
        connect = partial(
            Client,
            chosen.langsmith_endpoint,
            api_key=chosen.langsmith_api_key.get_secret_value(),
            omit_traced_runtime_info=True,
            retry_config=Retry(0),
            timeout_ms=TIMEOUT_MS,
            tracing_error_callback=failures.append,
        )
        return _Upload(connect, run, failures).everything()


class _Upload:
    """The steps of one upload."""

    def __init__(self, connect: Callable[..., Client], run: Recorded, failures: list[Exception]) -> None:
        self._connect, self._run, self._failures = connect, run, failures
        self._client = connect(auto_batch_tracing=False)
        self._info: RunInfo = run.info
        self._dataset = f"{self._info.suite} {_short(self._info.dataset)}"
        self._experiment = f"{self._info.suite} {self._info.id}"

    def everything(self) -> Uploaded:
        dataset = self._dataset_id()
        examples = self._examples(dataset)
        session = self._session_id(dataset)
        roots = self._traced()
        feedback = self._scored(session)
        return Uploaded(self._dataset, self._experiment, examples, roots, feedback)

    def _done(self) -> Iterator[Trial]:
        return (trial for trial in self._run.trials if trial.status == "done")

    def _dataset_id(self) -> UUID:
        try:
            found = self._client.read_dataset(dataset_name=self._dataset)
        except LangSmithNotFoundError:
            about = {"content_hash": self._info.dataset}
            found = self._client.create_dataset(self._dataset, metadata=about)
        return UUID(str(found.id))

    def _examples(self, dataset: UUID) -> int:
        """Create what is not there yet: an id that is taken would be refused."""
        there = {each.id for each in self._client.list_examples(dataset_id=dataset, select=["id"])}
        wanted = {self._example(trial.case): trial for trial in self._run.trials}
        missing = [(given, trial) for given, trial in wanted.items() if given not in there]
        for batch in _batches(missing, BATCH):
            examples = [self._example_payload(given, trial) for given, trial in batch]
            self._client.create_examples(dataset_id=dataset, examples=examples)
        return len(wanted)

    def _example_payload(self, given: UUID, trial: Trial) -> dict[str, Any]:
        case = self._run.cases.get(trial.case)
        asked = {"case": trial.case} if case is None else {"input": case.input}
        expected = None if case is None else case.expect.model_dump(mode="json", exclude_defaults=True)
        about = {"case": trial.case, "tags": list(trial.tags)}
        payload = {"inputs": asked, "reference_outputs": expected, "metadata": about}
        return {"id": given, **Redactor()(payload)}

    def _session_id(self, dataset: UUID) -> UUID:
        try:
            found: TracerSession = self._client.read_project(project_name=self._experiment)
        except LangSmithNotFoundError:
            about: dict[str, Any] = Redactor()({"stamp": self._info.stamp, "graph": self._info.graph})
            found = self._client.create_project(
                self._experiment, metadata=about, reference_dataset_id=dataset
            )
        return found.id

    def _traced(self) -> int:
        """Send the root of each trial's trace; of a trial without one, what its result says."""
        trials = {trial.trace_id: trial for trial in self._done() if trial.trace_id}
        found: set[str | None] = set()

        def payloads() -> Iterator[dict[str, Json]]:
            for run in lines(self._run.folder / TRACES, Run):
                if run.parent_run_id is None and run.trace_id in trials and run.trace_id not in found:
                    found.add(run.trace_id)
                    yield self._root(run, trials[run.trace_id])
            for trial in self._done():
                if trial.trace_id not in found:
                    yield self._root(self._told(trial), trial)

        sent = 0
        for batch in _batches(payloads(), BATCH):
            self._client.multipart_ingest(create=batch)
            self._complain()
            sent += len(batch)
        return sent

    def _complain(self) -> None:
        if self._failures:
            raise LangSmithError(str(self._failures[0])) from self._failures[0]

    def _root(self, run: Run, trial: Trial) -> dict[str, Json]:
        """The run under an id of its own: its trace may be at LangSmith already, in another project."""
        given = str(self._root_id(trial))
        plain = run.model_dump(mode="json", include=SENT)
        plain["extra"] = {"metadata": {"case": trial.case, "trial": trial.trial, "trace": run.trace_id}}
        return {
            **Redactor()(plain),
            "id": given,
            "trace_id": given,
            "dotted_order": f"{run.start_time:%Y%m%dT%H%M%S%f}Z{given}",
            "start_time": run.start_time.isoformat(),
            "end_time": run.end_time.isoformat() if run.end_time else None,
            "run_type": run.run_type,
            "session_name": self._experiment,
            "reference_example_id": str(self._example(trial.case)),
        }

    def _told(self, trial: Trial) -> Run:
        begun: datetime = self._info.started
        return Run(
            id=trial.case,
            trace_id=trial.trace_id or "",
            dotted_order="",
            name=self._info.suite,
            run_type="chain",
            inputs={"case": trial.case},
            outputs={"answer": trial.answer},
            start_time=begun,
            end_time=begun + timedelta(seconds=trial.seconds or 0),
        )

    def _scored(self, session: UUID) -> int:
        """Send every score; only a client with a queue sends more than one in a request."""
        with closing(self._connect(auto_batch_tracing=True)) as queued:
            sent = sum(self._feedback(queued, trial, session) for trial in self._done())
            queued.flush()
        self._complain()
        return sent

    def _feedback(self, queued: Client, trial: Trial, session: UUID) -> int:
        root, sent = self._root_id(trial), 0
        passed = [("passed", float(trial.passed), "")] if trial.passed is not None else []
        scores = [
            (score.name, score.value, score.reason) for score in trial.scores if score.value is not None
        ]
        for name, value, reason in [*passed, *scores]:
            queued.create_feedback(
                root,
                name,
                trace_id=root,  # without it nothing is queued
                score=value,
                comment=redact(reason) or None,
                session_id=session,
                feedback_id=uuid5(root, f"feedback {name}"),
                stop_after_attempt=1,
            )
            sent += 1
        return sent

    def _example(self, case: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"{self._info.dataset} {case}")

    def _root_id(self, trial: Trial) -> UUID:
        return uuid5(NAMESPACE_URL, f"{self._info.id} {self._info.started} {trial.case} {trial.trial}")


SENT = {"name", "inputs", "outputs", "error", "tags"}


@contextmanager
def _explained(url: str) -> Iterator[None]:
    try:
        yield
    except (LangSmithError, ValueError) as error:  # what is no LangSmith answers with something else
        reason = " ".join(str(error).split())[:200]
        way_out = "Check LANGSMITH_ENDPOINT and LANGSMITH_API_KEY, then: warrant eval upload RUN."
        raise ExportError(f"LangSmith at {url} does not take the run: {reason}.", way_out) from error


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """itertools.batched, which Python 3.11 has not."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]
