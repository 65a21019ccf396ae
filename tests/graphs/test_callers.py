"""On whose behalf a run acts, as the server and its authentication say it."""

from typing import Any

import pytest
from langgraph.runtime import Runtime, ServerInfo

from graphs.callers import callers
from state.agent import Context
from state.settings import Settings
from tools.capability import Caller


class User(dict[str, Any]):
    """What the server makes of an authentication handler's answer."""

    identity = "ada"
    display_name = "Ada"

    @property
    def is_authenticated(self) -> bool:
        return bool(self.get("is_authenticated", True))

    @property
    def permissions(self) -> list[str]:
        return list(self.get("permissions", ()))


class Bare:
    """A user that is no mapping."""

    identity, display_name, is_authenticated = "cron", "cron", True


def caller(info: ServerInfo | None, **given: Any) -> Caller:
    runtime: Runtime[Context] = Runtime(server_info=info)
    chosen = Settings.model_validate({"labels": "staff", "roles": "support", **given})
    return callers(chosen)(runtime)


def of(user: Any) -> ServerInfo:
    return ServerInfo("a", "agent", user)


LOCAL = Caller(frozenset({"staff"}), frozenset({"support"}))
AUTH = {"LANGGRAPH_AUTH": '{"path": "who.py:auth"}'}


def test_the_local_user_is_who_no_server_or_one_without_a_login_serves() -> None:
    assert caller(None) == LOCAL
    assert caller(of(None)) == LOCAL
    assert caller(None, **AUTH) == LOCAL, "a command line beside a server"


@pytest.mark.parametrize("auth", [AUTH, {"LANGGRAPH_AUTH_TYPE": "langsmith"}])
def test_behind_a_login_nobody_is_the_local_user(auth: dict[str, str]) -> None:
    assert caller(of(None), **auth) == Caller()
    assert caller(of(User(is_authenticated=False, labels=["hr"])), **auth) == Caller()
    assert caller(of(Bare()), **auth) == Caller()


def test_a_user_has_the_labels_that_the_login_says() -> None:
    found = caller(of(User(labels=["hr", "legal"], permissions=["read"], secrets={"KEY": "k"})), **AUTH)
    assert found == Caller(frozenset({"hr", "legal"}), frozenset({"read"}), secrets={"KEY": "k"})
    assert caller(of(User()), **AUTH).labels == frozenset()


NONSENSE = ["hr", {"hr": True}, 3, None, ["hr", 3], ["hr", None], [" hr"], [""], ["hr"] * 10_001, [["hr"]]]


@pytest.mark.parametrize("said", NONSENSE)
def test_nonsense_is_no_label(said: object) -> None:
    assert caller(of(User(labels=said)), **AUTH).labels == frozenset()


def test_nobody_holds_the_label_of_unclear_files() -> None:
    assert caller(of(User(labels=["hr", "!nobody"])), **AUTH).labels == {"hr"}
    assert caller(None, labels="hr,!nobody").labels == {"hr"}
