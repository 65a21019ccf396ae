"""An MCP server as policy and lock know it: from there calls go out, checked, and answers come in."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

from mcp.shared.exceptions import MCPError

from state.errors import WarrantError
from state.mcp_policy import McpServerPolicy
from state.schema import Json
from state.settings import environment
from tools.capability import Caller, ToolError
from tools.mcp.connection import Connection
from tools.mcp.definition import Definition, Identity, Listing
from tools.mcp.lock import APPROVE
from tools.mcp.result import AnswerError, error_text, output
from tools.mcp.session import Session, SessionError

CALLERS = 8
"""Sessions of one server at a time, where callers have secrets of their own."""

Secrets = tuple[tuple[str, str], ...]


class UncertainError(WarrantError):
    """The call may have reached the server; what it did there is not known."""


@dataclass(eq=False)
class Server:
    """One server of this process; each event loop has its own sessions with it."""

    name: str
    policy: McpServerPolicy
    identity: Identity | None
    """The approved identity; None allows no call."""
    logs: Path | None = None

    def __post_init__(self) -> None:
        self._connections: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Secrets, Connection]] = (
            WeakKeyDictionary()
        )

    async def call(
        self, tool: Definition, args: dict[str, Json], caller: Caller, *, repeatable: bool
    ) -> Json:
        """Call an approved tool.

        Args:
            tool: Its approved definition.
            args: They satisfy its input schema.
            caller: Whose secrets are used, where it has any.
            repeatable: Whether the call may safely be sent again.

        Raises:
            ToolError: nothing was sent, or it does not matter since the call is repeatable.
            UncertainError: the call may have had an effect.
        """
        connection = self._connection(caller)
        try:
            # Before a write always, so that a dead session is noticed while nothing was sent.
            session, now = await connection.checked(fresh=not repeatable)
        except SessionError as error:
            raise ToolError(error.message, error.way_out) from error
        self._compare(tool, now)
        try:
            answer = await self._answer(connection, session, tool, args)
        except _ServerSaysError as error:
            final = repeatable or self.policy.errors_are_final
            raise _failure(self._said(tool, error, connection), final) from error
        except (SessionError, AnswerError, MCPError, ValueError) as error:
            if session.is_over:
                connection.breaker.failed()
            why = session.lost() if session.is_over else error
            raise _failure(self._said(tool, why, connection), repeatable) from error
        connection.breaker.succeeded()
        return answer

    async def listing(self, secrets: Mapping[str, str] | None = None) -> Listing:
        """What the server says now.

        Raises:
            WarrantError: it cannot be reached, or a secret is missing.
        """
        connection = self._connection(Caller(secrets=secrets or {}))
        _, now = await connection.checked(fresh=True)
        return now

    async def close(self) -> None:
        """End this loop's sessions."""
        for connection in self._of_loop().values():
            await connection.close()

    async def _answer(
        self, connection: Connection, session: Session, tool: Definition, args: dict[str, Json]
    ) -> Json:
        try:
            result = await session.call(tool.name, args)
        except MCPError as error:
            if session.is_over:
                raise
            await connection.say(f"{tool.name}: {error.message}")
            raise _ServerSaysError(f"it answered with error {error.code}") from error
        if result.is_error:
            await connection.say(f"{tool.name}: {error_text(result)}")
            raise _ServerSaysError("it answered that the call failed")
        return output(tool, result)

    def _said(self, tool: Definition, error: Exception, connection: Connection) -> str:
        """Our own words: what the server says is third-party text and stays in its log."""
        known = isinstance(error, (_ServerSaysError, AnswerError))
        why = (
            str(error)
            if known
            else error.message
            if isinstance(error, SessionError)
            else "its answer is malformed"
        )
        return f"{self.name}.{tool.name}: {why.rstrip('.')}{connection.hint}"

    def _compare(self, tool: Definition, now: Listing) -> None:
        """Refuse a call of what is not what was approved, without quoting what it is now."""
        way_out = APPROVE.format(server=self.name)
        if now.identity != self.identity:
            raise ToolError(f"The MCP server {self.name} is not the one that was approved.", way_out)
        offered = now.tools.get(tool.name)
        if offered is None:
            raise ToolError(f"The MCP server {self.name} no longer has the tool {tool.name}.", way_out)
        if offered.digest() != tool.digest():
            raise ToolError(f"The definition of {self.name}.{tool.name} is not the approved one.", way_out)

    def _connection(self, caller: Caller) -> Connection:
        secrets = self._secrets(caller)
        mine = self._of_loop()
        connection = mine.pop(secrets, None) or Connection(self.name, self.policy, dict(secrets), self.logs)
        mine[secrets] = connection  # the last one is the one used last
        for old in [key for key, one in mine.items() if not one.is_busy and key != secrets][
            : len(mine) - CALLERS
        ]:
            mine.pop(old).drop()
        return connection

    def _secrets(self, caller: Caller) -> Secrets:
        """The caller's own value of each secret, else that of the environment."""
        names = self.policy.secrets()
        found = {**environment(names), **{n: v for n, v in caller.secrets.items() if n in names}}
        if missing := sorted(names - found.keys()):
            raise ToolError(
                f"The MCP server {self.name} needs {', '.join(missing)}.", "Set it in the environment."
            )
        return tuple(sorted(found.items()))

    def _of_loop(self) -> dict[Secrets, Connection]:
        return self._connections.setdefault(asyncio.get_running_loop(), {})


class _ServerSaysError(Exception):
    """The server reports a failure."""


def _failure(text: str, final: bool) -> WarrantError:
    if final:
        return ToolError(text, "")
    return UncertainError(text, "Look there whether the call had an effect.")
