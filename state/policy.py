"""The policy: which tools exist, what each may do, which models think, and every bound."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

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


ServerName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
EnvironmentName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
HeaderName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]
FROM_ENVIRONMENT = "env:"


class McpServerPolicy(_Section):
    """An MCP server: a command that is started, or a URL (streamable HTTP). Its tools are `server.tool`."""

    command: str | None = None
    args: tuple[str, ...] = Field(default=(), strict=False)
    env: tuple[EnvironmentName, ...] = Field(default=(), strict=False)
    """Environment variables that the command gets; beside them it gets PATH and nothing else."""
    cwd: str | None = None
    url: str | None = None
    headers: dict[HeaderName, Annotated[str, Field(pattern=r"^[\x20-\x7e]*$")]] = Field(default_factory=dict)
    """Sent with each request; `env:NAME` stands for the value of an environment variable."""
    connect_seconds: float = Field(default=10.0, gt=0, le=300)
    """Longest time to start, to connect and to list the tools."""
    result_bytes: int = Field(default=1_000_000, ge=1_000, le=100_000_000)
    """Bytes of one message; a longer one is not read to its end, and a command that sends it is ended."""
    errors_are_final: bool = False
    """Whether an error that the server reports means that nothing was written; otherwise that is unknown."""

    def model_post_init(self, _context: object) -> None:
        """Refuse a server that is both, or neither, and keys that belong to the other kind."""
        if (self.command is None) == (self.url is None):
            raise ValueError("give one of command and url")
        if self.url is None and self.headers:
            raise ValueError("headers go with url")
        if self.command is None and (self.args or self.env or self.cwd):
            raise ValueError("args, env and cwd go with command")
        if self.url is not None and not _is_safe(self.url):
            raise ValueError("url must be https, or http to this machine, without a user name")

    def secrets(self) -> frozenset[str]:
        """Names of the environment variables whose values the server gets."""
        values = (v for v in self.headers.values() if v.startswith(FROM_ENVIRONMENT))
        return frozenset(self.env) | {value.removeprefix(FROM_ENVIRONMENT) for value in values}


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    except ValueError:
        return False
    return bool(parts.hostname) and parts.username is None and (local or parts.scheme == "https")


class Policy(_Section):
    """The whole of `policy.toml`."""

    models: ModelsPolicy = ModelsPolicy()
    limits: Limits = Limits()
    retrieval: RetrievalPolicy = RetrievalPolicy()
    gate: GatePolicy = GatePolicy()
    tools: dict[str, ToolPolicy] = Field(default_factory=dict)
    mcp: dict[ServerName, McpServerPolicy] = Field(default_factory=dict)

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
