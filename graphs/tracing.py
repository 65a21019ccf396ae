"""Tracing: every run of LangChain and LangGraph becomes a record, as it begins and as it ends."""

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Protocol, TypeAlias, cast
from uuid import UUID

import langsmith
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.outputs import ChatGeneration, Generation, LLMResult
from langchain_core.tracers.context import register_configure_hook
from langgraph.errors import GraphInterrupt, ParentCommand

from graphs.snapshot import record, snapshot
from state.process import this_process
from state.schema import Json
from state.trace import Run

MAX_ERROR_CHARS = 20_000

KEPT_EVENTS = {"warrant.stamp": "stamp", "warrant.outcome": "outcome"}
"""Custom events whose data goes into the root run's metadata, under this name."""

Price: TypeAlias = Callable[[str, int, int], float | None]
"""US dollars of a call, from the model's name and its input and output tokens; None if unknown."""


class Sink(Protocol):
    """Where records go."""

    def put(self, run: Run, *, urgent: bool) -> None:
        """Take a record without waiting; an urgent one is on its way at once."""
        ...

    def flush(self, timeout: float) -> bool:
        """Wait until every record has arrived, at most so many seconds; say whether it has."""
        ...


class Tracer(BaseCallbackHandler):
    """Records every run when it starts, ends or fails; it copies values and never waits.

    A plain handler and no `BaseTracer`, which keeps a tree until its root ends and an order map for good:
    too much for one that serves a whole process.
    """

    run_inline = True

    def __init__(self, sinks: Sequence[Sink], price: Price | None = None) -> None:
        """Take where records go, and what a model call costs."""
        self._process = this_process()  # reads a file, which no run may wait for
        self._sinks = sinks
        self._price = price
        self._open: dict[UUID, Run] = {}

    def flush(self, timeout: float = 1.0) -> bool:
        """Wait until every record has arrived, at most `timeout` seconds in all."""
        deadline = time.monotonic() + timeout
        arrived = [sink.flush(max(0.0, deadline - time.monotonic())) for sink in self._sinks]
        return all(arrived)

    def on_chain_start(
        self, serialized: dict[str, Any], inputs: dict[str, Any], *, run_id: UUID, **details: Json
    ) -> None:
        """Record a chain's start."""
        self._start(run_id, details.get("run_type") or "chain", serialized, record(inputs), details)

    def on_chain_end(
        self, outputs: dict[str, Any], *, run_id: UUID, inputs: Json = None, **_details: Json
    ) -> None:
        """Record a chain's end; one that reads a stream knows its inputs only now."""
        late: dict[str, Json] = {} if inputs is None else {"inputs": record(inputs)}
        self._end(run_id, {"outputs": record(outputs), **late})

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **_details: Json) -> None:
        """Record the error that ended a run; handing a command to the parent graph is none."""
        if isinstance(error, ParentCommand):
            self._end(run_id, {"outputs": record({"command": error.args[0]})})
        else:
            self._end(run_id, {"error": _error(error)}, urgent=True)

    on_llm_error = on_tool_error = on_retriever_error = on_chain_error

    def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[BaseMessage]], *, run_id: UUID, **details: Json
    ) -> None:
        """Record the start of a chat model's call."""
        self._start(run_id, "llm", serialized, record({"messages": messages}), details)

    def on_llm_start(
        self, serialized: dict[str, Any], prompts: list[str], *, run_id: UUID, **details: Json
    ) -> None:
        """Record the start of a completion model's call."""
        self._start(run_id, "llm", serialized, record({"prompts": prompts}), details)

    def on_llm_new_token(self, token: Json, *, run_id: UUID, **_details: Json) -> None:  # noqa: ARG002  theirs
        """Record when the first token came."""
        run = self._open.get(run_id)
        if run is not None and "first_token_time" not in run.extra:
            extra = {**run.extra, "first_token_time": datetime.now(UTC).isoformat()}
            self._open[run_id] = run.model_copy(update={"extra": extra})

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **_details: Json) -> None:
        """Record what a model answered, and its tokens and their price."""
        run = self._open.get(run_id)
        if run is not None:
            batches = [[_generation(one) for one in batch] for batch in response.generations]
            outputs = record({"generations": batches, "llm_output": response.llm_output})
            extra = self._with_usage(run, response)
            self._end(run_id, {"outputs": outputs, "extra": extra}, urgent=True)

    def on_tool_start(
        self,
        serialized: dict[str, Any],
        input_str: str,
        *,
        run_id: UUID,
        inputs: dict[str, Any] | None = None,
        **details: Json,
    ) -> None:
        """Record a tool call's start."""
        args = {"input": input_str} if inputs is None else inputs
        self._start(run_id, "tool", serialized, record(args), details)

    def on_tool_end(self, output: Json, *, run_id: UUID, **_details: Json) -> None:
        """Record what a tool gave."""
        self._end(run_id, {"outputs": {"output": snapshot(output)}}, urgent=True)

    def on_retriever_start(
        self, serialized: dict[str, Any], query: str, *, run_id: UUID, **details: Json
    ) -> None:
        """Record a retrieval's start."""
        self._start(run_id, "retriever", serialized, record({"query": query}), details)

    def on_retriever_end(self, documents: Sequence[Document], *, run_id: UUID, **_details: Json) -> None:
        """Record what was retrieved."""
        self._end(run_id, {"outputs": record({"documents": documents})}, urgent=True)

    def on_custom_event(self, name: str, data: Json, *, run_id: UUID, **_details: Json) -> None:
        """Put what a node says about the whole run into the root's metadata."""
        run = self._open.get(run_id)
        root = run and self._open.get(UUID(run.trace_id))
        if root is not None and name in KEPT_EVENTS:
            extra = _with_metadata(root, {KEPT_EVENTS[name]: snapshot(data)})
            self._open[UUID(root.id)] = root.model_copy(update={"extra": extra})
            self._put(self._open[UUID(root.id)], urgent=True)

    def _start(
        self,
        run_id: UUID,
        run_type: str,
        serialized: dict[str, Any] | None,
        inputs: dict[str, Json],
        details: Mapping[str, Json],
    ) -> None:
        now = datetime.now(UTC)
        parent = self._open.get(cast(UUID, details.get("parent_run_id")))
        own = f"{now:%Y%m%dT%H%M%S%fZ}{run_id}"
        run = Run(
            id=str(run_id),
            trace_id=parent.trace_id if parent else str(run_id),
            dotted_order=f"{parent.dotted_order}.{own}" if parent else own,
            parent_run_id=parent.id if parent else None,
            name=_name(serialized or {}, details, run_type),
            run_type=run_type,
            inputs=inputs,
            start_time=now,
            extra=_extra(details) if parent else {**_extra(details), "runtime": {"process": self._process}},
            tags=list(details.get("tags") or ()),
        )
        self._open[run_id] = run
        self._put(run, urgent=parent is None)

    def _end(self, run_id: UUID, change: dict[str, Json], *, urgent: bool = False) -> None:
        run = self._open.pop(run_id, None)
        if run is not None:
            ended = run.model_copy(update={"end_time": datetime.now(UTC), **change})
            if ended.parent_run_id is None:
                self._abandon(ended)
            self._put(ended, urgent=urgent or ended.parent_run_id is None)

    def _abandon(self, root: Run) -> None:
        """Close what is still open below a root that ended, such as a cancelled sibling."""
        for run in [run for run in list(self._open.values()) if run.trace_id == root.id]:
            self._end(UUID(run.id), {"error": "Abandoned: the trace ended before this run did."})

    def _put(self, run: Run, *, urgent: bool) -> None:
        for sink in self._sinks:
            sink.put(run, urgent=urgent)

    def _with_usage(self, run: Run, response: LLMResult) -> dict[str, Json]:
        """The run's extra with its tokens, and their price as `total_cost`, where LangSmith reads them."""
        answers = [
            one.message for batch in response.generations for one in batch if isinstance(one, ChatGeneration)
        ]
        total: UsageMetadata | None = None
        for answer in answers:
            total = add_usage(total, answer.usage_metadata) if isinstance(answer, AIMessage) else total
        if total is None:
            return run.extra
        model = answers[0].response_metadata.get("model_name") or run.metadata.get("ls_model_name") or ""
        cost = self._price and self._price(model, total["input_tokens"], total["output_tokens"])
        usage = {**total, "total_cost": cost} if cost is not None else total
        return _with_metadata(run, {"usage_metadata": snapshot(usage)})


class _Installed:
    """The tracer of this process; it has the one method of a ContextVar that LangChain's hook calls."""

    tracer: Tracer | None = None
    hooked = False

    def get(self) -> Tracer | None:
        return self.tracer


_installed = _Installed()


def install(tracer: Tracer) -> None:
    """Trace every run in this process from now on, also one that the LangGraph server starts.

    A ContextVar would not do, since the server's contexts are not ours. LangChain's own tracer is switched
    off, since it would send unredacted runs when LANGSMITH_TRACING is set.
    """
    _installed.tracer = tracer
    if not _installed.hooked:
        _installed.hooked = True
        register_configure_hook(cast(ContextVar[Any], _installed), inheritable=True)
    langsmith.configure(enabled=False)


def _name(serialized: Mapping[str, Json], details: Mapping[str, Json], otherwise: str) -> str:
    path = serialized.get("id") or [otherwise]
    return str(details.get("name") or serialized.get("name") or path[-1])


def _extra(details: Mapping[str, Json]) -> dict[str, Json]:
    kept = {name: details.get(name) for name in ("invocation_params", "tool_call_id")}
    kept["metadata"] = details.get("metadata") or {}
    extra: dict[str, Json] = snapshot({name: value for name, value in kept.items() if value is not None})
    return extra


def _with_metadata(run: Run, more: dict[str, Json]) -> dict[str, Json]:
    return {**run.extra, "metadata": {**run.metadata, **more}}


def _generation(one: Generation) -> dict[str, Json]:
    plain: dict[str, Json] = {"text": one.text, "generation_info": one.generation_info}
    return {**plain, "message": one.message} if isinstance(one, ChatGeneration) else plain


def _error(error: BaseException) -> str:
    """What happened and where; LangSmith tells an interrupt from an error by how the text begins."""
    text = repr(error)
    if not isinstance(error, GraphInterrupt):
        text = f"{text}\n\n{''.join(traceback.format_exception(error))}"
    half = MAX_ERROR_CHARS // 2
    return text if len(text) <= MAX_ERROR_CHARS else f"{text[:half]}\n…\n{text[-half:]}"
