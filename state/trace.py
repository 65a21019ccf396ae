"""Traces: the run tree of one run, in the fields that a LangSmith run has."""

from typing import Any, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from state.schema import Json

Status: TypeAlias = Literal["running", "ok", "error", "interrupted"]

HIDDEN = "langsmith:hidden"
"""Tag of the runs that LangGraph makes for itself."""

PIECE = "seq:step:"
"""Beginning of the tag of the pieces of a node's sequence: what follows the node itself is its edges."""

INTERRUPT = "GraphInterrupt("
"""How the error of a run begins that stopped to ask a human; LangSmith tells it by the same prefix."""


class Run(BaseModel):
    """One run of a trace: a chain, a model call, a tool call or a retrieval."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    trace_id: str
    """Id of the root run."""
    dotted_order: str
    """Start times and ids from the root down to this run; sorting by it gives the tree in its order."""
    parent_run_id: str | None = None
    name: str
    run_type: str
    """`chain`, `llm`, `tool`, `retriever`, or another type of LangSmith's."""
    inputs: dict[str, Any] = Field(default_factory=dict)
    outputs: dict[str, Any] | None = None
    error: str | None = None
    start_time: AwareDatetime
    end_time: AwareDatetime | None = None
    """None while the run is going on, and for ever if its process was killed."""
    extra: dict[str, Any] = Field(default_factory=dict)
    """`metadata` holds `thread_id`, the `usage_metadata` of a model call, a root's `stamp` and `outcome`."""
    tags: list[str] = Field(default_factory=list)

    @property
    def metadata(self) -> dict[str, Json]:
        """What is known about the run besides its inputs and outputs."""
        found: dict[str, Json] = self.extra.get("metadata") or {}
        return found

    @property
    def status(self) -> Status:
        """How the run ended, or that it did not; a run that stopped to ask a human is no error."""
        if self.error is not None:
            return "interrupted" if self.error.startswith(INTERRUPT) else "error"
        return "running" if self.end_time is None else "ok"

    @property
    def seconds(self) -> float | None:
        """Wall-clock time from start to end."""
        return (self.end_time - self.start_time).total_seconds() if self.end_time else None

    @property
    def hidden(self) -> bool:
        """Whether LangGraph made this run for itself: a write, or an edge behind a node that went well."""
        edge = self.run_type == "chain" and any(tag.startswith(PIECE) for tag in self.tags)
        return HIDDEN in self.tags or (edge and not self.error)
