"""Settings: the only reader of the environment."""

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from state.errors import UsageError

PROJECT = Path(__file__).resolve().parent.parent

# The model that is used when only a provider's key is set; pinned, so that a run can be repeated.
MODEL_OF_KEY = {
    "openai_api_key": "openai:gpt-5-mini-2025-08-07",
    "anthropic_api_key": "anthropic:claude-sonnet-4-5-20250929",
}


class Settings(BaseSettings):
    """Where things are kept and what is used unless the caller or the policy says otherwise."""

    model_config = SettingsConfigDict(
        env_prefix="WARRANT_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Path = PROJECT / "var"
    """Everything that Warrant keeps lies under this folder."""
    policy: Path = PROJECT / "policy.toml"
    model: str | None = None
    """Name of the chat model."""
    store_url: str | None = Field(default=None, repr=False)
    """SQLAlchemy URL of the store, which may hold a password; SQLite under `home` by default."""
    sql_url: str | None = Field(default=None, repr=False)
    """SQLAlchemy URL of the database that the tool `query_database` reads, which may hold a password."""
    labels: str = ""
    """ACL labels that the local user holds, separated by commas."""
    roles: str = ""
    """Roles and tenants of the local user, which the policy of a tool may name, separated by commas."""
    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    anthropic_api_key: SecretStr | None = Field(default=None, validation_alias="ANTHROPIC_API_KEY")
    api_key: SecretStr | None = None
    """Key for an OpenAI-compatible server that is named by URL."""
    reranker_key: SecretStr | None = None
    """Key for a rerank server that the policy names by URL."""
    langsmith_tracing: bool = Field(default=False, validation_alias="LANGSMITH_TRACING")
    langsmith_endpoint: str = Field(
        default="https://api.smith.langchain.com", validation_alias="LANGSMITH_ENDPOINT"
    )
    langsmith_api_key: SecretStr | None = Field(default=None, validation_alias="LANGSMITH_API_KEY")
    langsmith_project: str = Field(default="warrant", validation_alias="LANGSMITH_PROJECT")

    def chat_model(self) -> str:
        """Name of the chat model when neither the caller nor the policy names one."""
        keyed = (name for field, name in MODEL_OF_KEY.items() if getattr(self, field))
        return self.model or next(keyed, "offline")

    def held_labels(self) -> frozenset[str]:
        """ACL labels that the local user holds."""
        return _listed(self.labels)

    def held_roles(self) -> frozenset[str]:
        """Roles and tenants of the local user."""
        return _listed(self.roles)

    def database_url(self) -> str:
        """SQLAlchemy URL of the store."""
        return self.store_url or f"sqlite:///{self.home / 'warrant.db'}"


def _listed(names: str) -> frozenset[str]:
    return frozenset(name.strip() for name in names.split(",") if name.strip())


@cache
def settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        UsageError: an environment variable has a value that does not fit.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(f"{e['loc'][0]}: {e['msg']}" for e in error.errors())
        raise UsageError(
            f"The environment has unusable settings: {problems}.", "Correct or unset them."
        ) from error


def environment(names: Iterable[str]) -> dict[str, str]:
    """Those of the environment variables that are set."""
    return {name: os.environ[name] for name in names if name in os.environ}
