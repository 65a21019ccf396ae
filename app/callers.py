"""Who asks the HTTP server for what, within the policy's limits for one caller."""

import secrets
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from models.window import Window
from state.policy import HttpPolicy

_SALT = secrets.token_bytes(32)


@dataclass
class Caller:
    """What one caller has asked in the last minute, and what of it still goes on."""

    requests: Window
    busy: Counter[str] = field(default_factory=Counter)


class Callers:
    """The callers of a server; those that do nothing are forgotten when there are too many."""

    def __init__(self, policy: HttpPolicy, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the limits and a clock."""
        self.policy, self._clock = policy, clock
        self._busy: dict[str, Caller] = {}
        self._idle: OrderedDict[str, Caller] = OrderedDict()
        """The one that asked last comes last."""

    def __len__(self) -> int:
        return len(self._busy) + len(self._idle)

    def request(self, who: str) -> float:
        """Count a request; seconds to wait if it is one too many, which counts not."""
        caller, now = self._known(who), self._clock()
        wait = caller.requests.wait(now, 1)
        if not wait:
            caller.requests.add(now, 1)
        return wait

    def full(self, who: str, kind: str) -> bool:
        """Whether as many of a kind go on as may."""
        return self._known(who).busy[kind] >= self.policy.concurrent_runs

    def begin(self, who: str, kind: str, *, beyond: bool = False) -> bool:
        """Begin something that lasts, unless so many of its kind go on already; or count it all the same."""
        if self.full(who, kind) and not beyond:
            return False
        caller = self._known(who)
        caller.busy[kind] += 1
        self._idle.pop(who, None)
        self._busy[who] = caller
        return True

    def end(self, who: str, kind: str) -> None:
        """End what was begun."""
        caller = self._busy[who]
        caller.busy[kind] -= 1
        if not caller.busy.total():
            del self._busy[who]
            self._remember(who, caller)

    def _known(self, who: str) -> Caller:
        if who in self._busy:
            return self._busy[who]
        caller = self._idle.pop(who, None) or Caller(Window(self.policy.requests_per_minute))
        self._remember(who, caller)
        return caller

    def _remember(self, who: str, caller: Caller) -> None:
        self._idle[who] = caller
        while len(self._idle) > self.policy.callers:
            self._idle.popitem(last=False)


def identity(scope: Mapping[str, Any], key_header: str | None) -> str:
    """Who asks: the authenticated user, else the key in the header that policy names, else the address.

    Keys are hashed with a salt of this process, so that they lie nowhere in clear.
    """
    user = scope.get("user")
    if user is not None and user.is_authenticated:
        return f"user {user.identity}"
    key = dict(scope["headers"]).get(key_header.encode()) if key_header else None
    if key:
        return f"key {blake2b(key, key=_SALT, digest_size=16).hexdigest()}"
    address = scope.get("client") or ("unknown",)
    return f"address {address[0]}"
