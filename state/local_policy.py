"""What the local tools may reach: a database, hosts, a folder."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from state.tool_policy import Section


class SqlPolicy(Section):
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


class WebHost(Section):
    """A host from which `fetch_url` may read."""

    name: str = Field(pattern=r"^[a-z0-9.:-]+$", max_length=253)
    """As it stands in the URL: lower case, a foreign name in its `xn--` form; subdomains do not count."""
    schemes: tuple[Literal["http", "https"], ...] = Field(default=("https",), strict=False, min_length=1)
    ports: tuple[Annotated[int, Field(ge=1, le=65_535)], ...] = Field(default=(), strict=False)
    """Allowed ports; none means the default port of the scheme."""
    private: bool = False
    """Whether its address may be private, loopback or otherwise not on the public internet."""


class WebPolicy(Section):
    """What `fetch_url` may read."""

    hosts: tuple[WebHost, ...] = Field(strict=False, min_length=1, max_length=1_000)
    seconds: float = Field(default=10.0, gt=0, le=600)
    """Longest time of one call, redirects included."""
    bytes: int = Field(default=1_000_000, ge=1_000, le=100_000_000)
    """Size of a page after decompression; a larger one is an error."""
    redirects: int = Field(default=3, ge=0, le=10)
    """How many are followed; each must lead to an allowed host."""


class FilesPolicy(Section):
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
