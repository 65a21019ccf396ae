"""The policy: which tools exist, what each may do, which models think, and every bound."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from state.canonical import digest
from state.errors import UsageError

Effect: TypeAlias = Literal["read", "write", "outward"]
Approval: TypeAlias = Literal["never", "always"]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class ModelsPolicy(_Section):
    """Which models think."""

    chat: str | None = None
    """Name of the chat model; None leaves the choice to the environment."""
    fallback: tuple[str, ...] = Field(default=(), strict=False)
    """Chat models that are asked, in this order, when the one before fails."""
    embedding: str = "minilm"
    timeout_seconds: float = Field(default=60.0, gt=0, le=600)
    """Longest silence of a model, before its first token and between tokens."""
    reply_seconds: float = Field(default=600.0, gt=0, le=7200)
    """Longest time of one whole reply, since a model that drips tokens is never silent."""
    transport_retries: int = Field(default=2, ge=0, le=10)
    """How often a request is sent again after 408, 409, 429, 5xx or a lost connection."""
    max_reply_bytes: int = Field(default=200_000, ge=1_000, le=100_000_000)
    """A longer reply is cut off and counts as a violation."""


class Limits(_Section):
    """Bounds of one turn; each is checked before spending."""

    plan_retries: int = Field(default=2, ge=0, le=10)
    """How often a plan with violations goes back to the planner."""
    answer_retries: int = Field(default=2, ge=0, le=10)
    """How often an answer with violations goes back to the model."""
    replans: int = Field(default=1, ge=0, le=5)
    """How often a failed step leads to a new plan."""
    steps: int = Field(default=12, ge=1, le=100)
    """Steps of one plan."""
    model_calls: int = Field(default=20, ge=1, le=1_000)
    tokens: int = Field(default=200_000, ge=1_000, le=100_000_000)
    """Input and output tokens together."""
    cost_usd: float = Field(default=1.0, ge=0, le=10_000)
    seconds: float = Field(default=600.0, gt=0, le=86_400)
    """Wall-clock time of one run; what is finished stays, and the run can be resumed."""
    request_chars: int = Field(default=20_000, ge=1, le=10_000_000)


class ToolPolicy(_Section):
    """What one tool may do; a tool that has no entry does not exist for the planner."""

    effect: Effect
    approval: Approval = "never"
    """`always` asks a human before each call."""
    timeout_seconds: float = Field(default=20.0, gt=0, le=3600)
    retries: int = Field(default=0, ge=0, le=10)
    """Repeats after an error, for `read` tools only."""
    calls: int = Field(default=8, ge=1, le=1_000)
    """Calls in one turn."""
    output_bytes: int = Field(default=200_000, ge=100, le=100_000_000)

    def model_post_init(self, _context: object) -> None:
        """Refuse a policy that repeats what must happen at most once."""
        if self.effect != "read" and self.retries:
            raise ValueError("retries must be 0 for a tool whose effect is not 'read'")


class PlacePolicy(_Section):
    """The gate at one place."""

    classifier: str = "rules"
    threshold: float = Field(default=0.5, ge=0, le=1)
    """From this score on the action is taken."""
    action: Literal["flag", "refuse"] = "refuse"
    timeout_seconds: float = Field(default=2.0, gt=0, le=60)


class GatePolicy(_Section):
    """The gate in front of the model, on tool results and on what leaves."""

    screen: PlacePolicy = PlacePolicy()
    result: PlacePolicy = PlacePolicy(action="flag")
    release: PlacePolicy = PlacePolicy()


class RetrievalPolicy(_Section):
    """How passages are found."""

    passages: int = Field(default=6, ge=1, le=100)
    """Passages that one search returns."""
    candidates: int = Field(default=50, ge=1, le=1_000)
    """Candidates of each leg that are fused."""


class SqlPolicy(_Section):
    """The database that `query_database` reads."""

    url: str | None = Field(default=None, max_length=1_000)
    """SQLAlchemy URL, SQLite or PostgreSQL, without a password; WARRANT_SQL_URL goes before it."""
    tables: dict[str, str] = Field(min_length=1, max_length=200)
    """Tables and views that may be read, each with what the planner is told of its columns."""
    functions: tuple[str, ...] = Field(default=(), strict=False, max_length=200)
    """Functions that may be called besides the harmless ones that are allowed anyway."""
    rows: int = Field(default=200, ge=1, le=10_000)
    """Rows of one result; more are cut off, and the result says so."""
    seconds: float = Field(default=5.0, gt=0, le=600)
    """Longest time of one query."""
    bytes: int = Field(default=100_000, ge=100, le=100_000_000)
    """Size of one result, and of each value on the way to it."""

    @field_validator("url")
    @classmethod
    def _without_password(cls, url: str | None) -> str | None:
        try:
            secret = url is not None and make_url(url).password is not None
        except ArgumentError as error:
            raise ValueError("is not an SQLAlchemy URL") from error
        if secret:
            raise ValueError("must not hold a password; set WARRANT_SQL_URL instead")
        return url


class WebHost(_Section):
    """A host from which `fetch_url` may read."""

    name: str = Field(pattern=r"^[a-z0-9.:-]+$", max_length=253)
    """As it stands in the URL: lower case, a foreign name in its `xn--` form; subdomains do not count."""
    schemes: tuple[Literal["http", "https"], ...] = Field(default=("https",), strict=False, min_length=1)
    ports: tuple[Annotated[int, Field(ge=1, le=65_535)], ...] = Field(default=(), strict=False)
    """Allowed ports; none means the default port of the scheme."""
    private: bool = False
    """Whether its address may be private, loopback or otherwise not on the public internet."""


class WebPolicy(_Section):
    """What `fetch_url` may read."""

    hosts: tuple[WebHost, ...] = Field(strict=False, min_length=1, max_length=1_000)
    seconds: float = Field(default=10.0, gt=0, le=600)
    """Longest time of one call, redirects included."""
    bytes: int = Field(default=1_000_000, ge=1_000, le=100_000_000)
    """Size of a page after decompression; a larger one is an error."""
    redirects: int = Field(default=3, ge=0, le=10)
    """How many are followed; each must lead to an allowed host."""


class FilesPolicy(_Section):
    """The folder that the file tools see."""

    root: Path = Field(strict=False)
    """Absolute path of an existing folder; nothing outside it is read or written."""
    bytes: int = Field(default=1_000_000, ge=1, le=100_000_000)
    """Size of one file that is read or written."""
    entries: int = Field(default=200, ge=1, le=10_000)
    """Entries of one listing; more are cut off, and the listing says so."""

    @field_validator("root")
    @classmethod
    def _absolute(cls, root: Path) -> Path:
        if not root.is_absolute():
            raise ValueError("must be an absolute path")
        return root


class Policy(_Section):
    """The whole of `policy.toml`."""

    models: ModelsPolicy = ModelsPolicy()
    limits: Limits = Limits()
    retrieval: RetrievalPolicy = RetrievalPolicy()
    gate: GatePolicy = GatePolicy()
    sql: SqlPolicy | None = None
    web: WebPolicy | None = None
    files: FilesPolicy | None = None
    tools: dict[str, ToolPolicy] = Field(default_factory=dict)

    def digest(self) -> str:
        """Digest of the effective policy, defaults included."""
        return digest(self.model_dump(mode="json"))


def load_policy(path: Path) -> Policy:
    """Read a policy file.

    Raises:
        UsageError: the file is missing, is not TOML, or has an unknown or ill-typed key.
    """
    try:
        return Policy.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise UsageError(
            f"Cannot read the policy {path}: {error.strerror}.", "Set WARRANT_POLICY to a policy.toml."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}.", "Correct the file.") from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'policy'}: {e['msg']}" for e in error.errors()
        )
        raise UsageError(f"{path} is not a valid policy: {problems}.", "Correct these keys.") from error
