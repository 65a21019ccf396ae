"""Settings: what the environment says, with precedence, and without showing a secret."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from state.errors import UsageError
from state.settings import PROJECT, Settings, settings


@pytest.fixture(autouse=True)
def unread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test reads a blank environment; what was read before is forgotten."""
    for name in list(os.environ):
        if name.startswith(("WARRANT_", "LANGSMITH_")) or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_defaults() -> None:
    assert settings().home == PROJECT / "var"
    assert settings().chat_model() == "offline"
    assert settings().database_url() == f"sqlite:///{PROJECT / 'var' / 'warrant.db'}"
    assert settings().held_labels() == frozenset()


def test_the_caller_comes_before_the_environment_before_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARRANT_MODEL", "openai:x-2026-01-01")
    assert Settings().chat_model() == "openai:x-2026-01-01"
    assert Settings(model="offline").chat_model() == "offline"


def test_a_key_picks_its_providers_model_unless_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    assert Settings().chat_model().startswith("anthropic:")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert Settings().chat_model().startswith("openai:")
    monkeypatch.setenv("WARRANT_MODEL", "offline")
    assert Settings().chat_model() == "offline"


@pytest.mark.parametrize(
    "name",
    [
        "WARRANT_HOME",
        "WARRANT_POLICY",
        "WARRANT_STORE_URL",
        "WARRANT_MODEL",
        "OPENAI_API_KEY",
        "LANGSMITH_TRACING",
    ],
)
def test_an_empty_variable_is_an_unset_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    unset = Settings()
    monkeypatch.setenv(name, "")
    assert Settings() == unset


def test_labels_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARRANT_LABELS", " staff, ,public,, ")
    assert settings().held_labels() == {"staff", "public"}


def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "WARRANT_API_KEY", "LANGSMITH_API_KEY"):
        monkeypatch.setenv(name, "hush-hush")
    monkeypatch.setenv("WARRANT_STORE_URL", "postgresql://user:hush-hush@db/warrant")
    assert "hush-hush" not in f"{settings()!r} {settings()}"
    assert "hush-hush" in settings().database_url()


def test_a_bad_value_is_a_usage_error_that_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "perhaps")
    with pytest.raises(UsageError, match=r"LANGSMITH_TRACING: .*boolean.*Correct or unset") as error:
        settings()
    assert "perhaps" not in str(error.value)
