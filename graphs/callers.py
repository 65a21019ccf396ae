"""On whose behalf a run acts: the local user, or who was authenticated; never who a request names."""

from collections.abc import Mapping
from typing import Any

from langgraph.runtime import Runtime

from nodes.callers import Callers
from state.agent import Context
from state.label_policy import RESERVED
from state.settings import Settings
from tools.capability import Caller

MAX_LABELS = 10_000


def callers(chosen: Settings) -> Callers:
    """The local user holds what the settings say; a user of a server what its authentication says of them."""
    local, nobody = Caller(chosen.held_labels(), chosen.held_roles()), Caller()

    def caller(runtime: Runtime[Context]) -> Caller:
        info = runtime.server_info
        user = info.user if info else None
        if user is not None and user.is_authenticated:
            return _authenticated(user)
        # A run that no request made, such as one of a schedule, is not the local user's behind a login.
        return nobody if info and chosen.authenticates() else local

    return caller


def _authenticated(user: Any) -> Caller:  # noqa: ANN401  LangGraph's users are whatever the handler gave
    secrets = _said(user, "secrets")
    return Caller(
        _labels(_said(user, "labels")),
        frozenset(getattr(user, "permissions", None) or ()),
        secrets=dict(secrets) if isinstance(secrets, Mapping) else {},
    )


def _said(user: Any, key: str) -> object:  # noqa: ANN401  as above
    try:
        return user[key]
    except (KeyError, TypeError, AttributeError):
        return None


def _labels(said: object) -> frozenset[str]:
    """The labels that an authentication handler states; none if that is anything but a list of names."""
    if not isinstance(said, list | tuple | set | frozenset) or len(said) > MAX_LABELS:
        return frozenset()
    if not all(isinstance(one, str) and one.strip() == one and one for one in said):
        return frozenset()
    return frozenset(one for one in said if not one.startswith(RESERVED))
