"""Results of a suite's run: a folder with `run.json`, `cases.jsonl`, `trials.jsonl` and `traces.jsonl`."""

from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from evals.scores import Score
from evals.suites.suite import GateSection
from state.schema import Json
from state.usage import Usage

Status: TypeAlias = Literal["done", "infrastructure_error"]


class RunJudge(BaseModel):
    """A judge of a run, and whether it could be trusted when the run began."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    score: str
    """Name of the score that it gives."""
    model: str
    rubric: str
    """Digest of all that it is told."""
    gates: bool
    trust: str
    """Why it gates, or only advises."""
    calibration: tuple[int, int, int, int] | None = None
    """An `evals.judges.agreement.Table` of this very model and rubric."""


class RunInfo(BaseModel):
    """What was run: `run.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    """Also the name of the folder."""
    suite: str
    dataset: str
    """Content hash of the cases, `sha256:…`; results of different hashes are compared on shared cases."""
    cases: dict[str, str] = Field(default_factory=dict)
    """Case → its content hash; a case whose hash changed is another one and is not compared."""
    stamp: dict[str, Json]
    """What produced the runs: hashes of graph, prompts, tools, policy, and the models' names."""
    graph: str
    """`module:name`, or the URL of a deployed graph API."""
    trials: int = Field(ge=1)
    """Trials of each case."""
    started: datetime
    finished: datetime | None = None
    controls: dict[str, float | None] = Field(default_factory=dict)
    """Goal completion of the agents `null`, which does nothing, and `gold`, which does what is expected."""
    judges: tuple[RunJudge, ...] = ()
    gate: GateSection | None = None
    """The suite's, by which `warrant eval compare` decides."""


class Trial(BaseModel):
    """One run of one case: a line of `trials.jsonl`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    case: str
    trial: int = Field(ge=0)
    tags: tuple[str, ...] = ()
    status: Status
    error: str | None = None
    """What went wrong with the infrastructure: such a trial has no scores and is counted apart."""
    passed: bool | None = None
    """Whether every gating score that makes a demand is met; None after an infrastructure error."""
    scores: tuple[Score, ...] = ()
    labels: tuple[str, ...] = ()
    """Why it failed, by rule, from `evals.scorers.labels`."""
    trace_id: str | None = None
    usage: Usage = Usage()
    seconds: float | None = None
    answer: str = ""
    """The answer's text, shortened."""
    stamp: str | None = None
    """Digest of the stamp of this very run."""
