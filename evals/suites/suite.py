"""A suite: which cases are run against which graph, and how they are scored; a TOML file."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from evals.judges.rubric import shipped
from evals.judges.trust import LEVEL, MAX_AGE_DAYS
from evals.trajectory import Effect
from state.errors import UsageError

OURS = "graphs.agent:agent"


class Section(BaseModel):
    """Frozen, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _beside(path: Path, info: ValidationInfo) -> Path:
    """A path of the file, which is relative to it."""
    return (info.context or Path()) / path


class AgentSection(Section):
    """How our own agent is set up: in a home of its own, whatever the environment says."""

    documents: tuple[Path, ...] = ()
    """Files and folders that are indexed, relative to the suite's file."""
    policy: Path | None = None
    """Policy, relative to the suite's file; the project's by default."""
    labels: str = ""
    """ACL labels that the user holds, separated by commas."""
    roles: str = ""
    """Roles of the user, separated by commas."""

    @field_validator("documents")
    @classmethod
    def _documents(cls, paths: tuple[Path, ...], info: ValidationInfo) -> tuple[Path, ...]:
        return tuple(_beside(path, info) for path in paths)

    @field_validator("policy")
    @classmethod
    def _policy(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        return path and _beside(path, info)


class JudgeSection(Section):
    """A judge that scores beside the scorers: an entry of `[[judges]]`."""

    rubric: str
    """A shipped one by name, or a file, relative to the suite's."""
    model: str
    """Chat model by name."""
    calibration: Path | None = None
    """What `warrant eval judge calibrate` wrote, relative to the suite's file; without one it advises."""
    level: float = Field(default=LEVEL, ge=-1, le=1)
    """What the lower bound of kappa has to exceed, so that the judge may fail a trial."""
    max_age_days: float = Field(default=MAX_AGE_DAYS, ge=0)
    """Oldest calibration that counts."""
    max_calls: int = Field(default=1_000, ge=1)
    """Model calls that the judge may make each time the suite is run or resumed."""

    @field_validator("rubric")
    @classmethod
    def _rubric(cls, name: str, info: ValidationInfo) -> str:
        return name if name in shipped() else str(_beside(Path(name), info))

    @field_validator("calibration")
    @classmethod
    def _calibration(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        return path and _beside(path, info)


class GateSection(Section):
    """How `warrant eval compare` decides, unless it is told otherwise."""

    deterministic: bool = False
    """Whether equal versions give equal results, so that any case that fails anew is a regression."""
    max_drop: float | None = Field(default=None, ge=0, le=1)
    """Drop of the pass rate that is allowed."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.deterministic and self.max_drop is not None:
            raise ValueError("a deterministic suite allows no drop: give deterministic or max_drop")
        return self


class Suite(Section):
    """A suite's file."""

    name: str = Field(min_length=1, pattern=r"^[\w.-]+$")
    dataset: Path
    """JSON Lines of cases, relative to the suite's file."""
    graph: str = OURS
    """`module:name` of a graph, a compiled graph, or a function without parameters that makes one."""
    url: str | None = None
    """A deployed graph API instead, where `graph` is the assistant's name."""
    model: str | None = None
    """Chat model of our own agent by name; by default the policy's or the environment's."""
    environment: str | None = None
    """`module:name` of an `evals.environment.Environment`; goal completion is then by final state."""
    scorers: tuple[str, ...] | None = None
    """Names of `evals.scorers.registry`, or `module:function`; all of the registry's by default."""
    effects: Mapping[str, Effect] = Field(default_factory=dict)
    """Tool → what it does to the world; for our own agent the policy says it."""
    trials: int = Field(default=1, ge=1, le=1_000)
    """How often each case is run."""
    concurrency: int = Field(default=4, ge=1, le=1_000)
    """Trials that run at once."""
    seconds: float = Field(default=300.0, gt=0)
    """What one trial may take before it is cut off, which fails it."""
    agent: AgentSection = AgentSection()
    judges: tuple[JudgeSection, ...] = ()
    gate: GateSection = GateSection()

    @field_validator("dataset")
    @classmethod
    def _dataset(cls, path: Path, info: ValidationInfo) -> Path:
        return _beside(path, info)


def load_suite(path: Path, changes: Mapping[str, Any] | None = None) -> Suite:
    """Read a suite's file, or `suite.toml` of a folder; changes that are None do not count.

    Raises:
        UsageError: it cannot be read, or has an unknown or ill-typed key.
    """
    file = path / "suite.toml" if path.is_dir() else path
    try:
        written = tomllib.loads(file.read_text(encoding="utf-8-sig"))
        given = {name: value for name, value in (changes or {}).items() if value is not None}
        return Suite.model_validate({**written, **given}, context=file.parent)
    except OSError as error:
        raise UsageError(
            f"Cannot read the suite {file}: {error.strerror}.", "Name a suite.toml or its folder."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is not valid TOML: {error}.", "Correct the file.") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'suite'}: {e['msg']}" for e in error.errors())
        raise UsageError(f"{file} is not a valid suite: {problems}.", "Correct these keys.") from error
