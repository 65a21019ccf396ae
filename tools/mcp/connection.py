"""The way to a server: its session now, and a new one when that is over."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from state.mcp_policy import FROM_ENVIRONMENT, McpServerPolicy
from state.settings import environment
from tools.mcp.breaker import Breaker
from tools.mcp.definition import Listing
from tools.mcp.ending import Ending
from tools.mcp.http import http
from tools.mcp.log import server_log
from tools.mcp.session import Session, SessionError
from tools.mcp.stdio import Command, stdio

TRIES = 3
BACKOFF_SECONDS = 0.1


class Connection:
    """Belongs to one event loop and one set of secrets."""

    def __init__(
        self, server: str, policy: McpServerPolicy, secrets: Mapping[str, str], logs: Path | None
    ) -> None:
        """Take all that is needed; nothing is connected yet."""
        self.breaker = Breaker()
        self.say, self.hint = server_log(logs, server)
        self._server = server
        self._policy = policy
        self._secrets = secrets
        self._session: Session | None = None
        self._one = asyncio.Lock()

    @property
    def is_busy(self) -> bool:
        """Whether calls are under way."""
        return self._session is not None and self._session.calls > 0

    async def checked(self, *, fresh: bool) -> tuple[Session, Listing]:
        """A session that answers, and what it says; one that no longer answers is replaced once.

        Args:
            fresh: Ask the server even if nothing says that it changed.

        Raises:
            SessionError: there is none; no call was sent.
        """
        for last in (False, True):
            session = await self._connected()
            try:
                return session, await session.listing(fresh=fresh)
            except SessionError:
                session.drop("stopped answering")
                self.breaker.failed()
                if last:
                    raise
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """End the session, if there is one."""
        if self._session is not None:
            await self._session.close()

    def drop(self) -> None:
        """End the session without waiting."""
        if self._session is not None:
            self._session.drop("was not used")

    async def _connected(self) -> Session:
        async with self._one:
            for attempt in range(TRIES):
                if self._session is None or self._session.is_over:
                    self._admit()
                    self._session = Session(self._server, self._policy, self._open)
                try:
                    await self._session.connected()
                except SessionError:
                    self.breaker.failed()
                    if attempt == TRIES - 1:
                        raise
                    await asyncio.sleep(BACKOFF_SECONDS * 4**attempt)
                else:
                    return self._session
        raise AssertionError("unreachable")

    def _admit(self) -> None:
        if (wait := self.breaker.wait_seconds()) > 0:
            raise SessionError(
                f"The MCP server {self._server} failed repeatedly and is left alone for {wait:.0f} s.",
                f"Try `warrant tools check {self._server} --connect`.",
            )

    def _open(self, ending: Ending):  # type: ignore[no-untyped-def]
        policy = self._policy
        if policy.url is not None:
            headers = {name: self._filled(value) for name, value in policy.headers.items()}
            return http(policy.url, headers, policy.result_bytes, policy.connect_seconds)
        command = Command(
            line=(policy.command or "", *policy.args),
            env={**environment(["PATH"]), **{name: self._secrets[name] for name in policy.env}},
            cwd=policy.cwd,
            message_bytes=policy.result_bytes,
        )
        return stdio(command, ending, self.say)

    def _filled(self, value: str) -> str:
        name = value.removeprefix(FROM_ENVIRONMENT)
        return value if name == value else self._secrets[name]
