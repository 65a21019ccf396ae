"""Which MCP servers there are, how each is reached, and what it is given."""

from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field

from state.tool_policy import Section

ServerName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
EnvironmentName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
HeaderName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]
FROM_ENVIRONMENT = "env:"


class McpServerPolicy(Section):
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
