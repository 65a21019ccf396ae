"""The registry: the only door to a call of a tool."""

import asyncio
import re
import time
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import replace
from typing import TypeAlias

from state.canonical import canonical, digest
from state.plain import not_plain
from state.plan import StepResult, StepStatus, Warrant
from state.policy import Policy
from state.schema import Json, JsonSchema, Violation, violations
from state.shape import Field
from state.tool_policy import ToolPolicy
from tools.allowed import check_tools
from tools.capability import Caller, Capability, ToolError
from tools.effects import CallError as _CallError
from tools.effects import Effect, Ledger, at_most_once, effect_key
from tools.pace import Pace
from tools.traced import traced

PLAIN_PATH = re.compile(r"(?:/[A-Za-z0-9_-]{1,30}){0,6}")

Check: TypeAlias = Callable[[JsonSchema, dict[str, Json]], list[Violation]]


class Registry:
    """The tools that policy allows, and calling them under a warrant."""

    def __init__(self, capabilities: Iterable[Capability], policy: Policy, ledger: Ledger) -> None:
        """Take the tools that exist.

        Raises:
            UsageError: two tools have one name, the policy names a tool that does not exist, or a tool's
                schema is invalid.
        """
        self._tools = check_tools(capabilities, policy)
        self._paces = {name: Pace() for name in policy.tools}
        self._ledger = ledger

    def of(self, caller: Caller) -> "Registry":
        """The tools that this caller may use, with the policy for the roles that they hold."""
        view = copy(self)
        view._tools = {
            name: replace(one, policy=policy)
            for name, one in self._tools.items()
            if (policy := one.policy.of_role(caller.roles)) is not None
        }
        return view

    def allowed(self) -> list[Capability]:
        """The tools that may be planned, in the policy's order."""
        return [one.tool for one in self._tools.values()]

    def find(self, name: str) -> Capability | None:
        """The tool of this name if policy allows it."""
        return one.tool if (one := self._tools.get(name)) else None

    def rewording(self) -> list[str]:
        """Names of the tools that search for other wordings too."""
        return [name for name, one in self._tools.items() if one.tool.rewords]

    def policy_of(self, name: str) -> ToolPolicy:
        """The policy of an allowed tool."""
        return self._tools[name].policy

    def output_schema(self, name: str) -> JsonSchema | None:
        """What an allowed tool gives."""
        return tool.output_schema if (tool := self.find(name)) else None

    def trusts(self, one: Field) -> bool:
        """Whether a field of a tool's output is the user's or the service's own."""
        return one.tool in self._tools and self.policy_of(one.tool).trusts(one.pointer)

    def violations(self, tool: str, args: dict[str, Json], check: Check = violations) -> list[Violation]:
        """How arguments break the tool's own schema or the constraints of policy."""
        one = self._tools[tool]
        return check(one.tool.input_schema, args) or check(one.policy.constraints, args)

    def earlier(self, tool: str, args: dict[str, Json], finished: Iterable[StepResult]) -> StepResult | None:
        """The finished call that this one would repeat without bringing anything new.

        A write is repeated by the same arguments; a read only as long as nothing was written after it.
        """
        if tool not in self._tools:
            return None
        reads, found = self.policy_of(tool).effect == "read", None
        for one in finished:
            if one.status not in ("done", "unknown", "failed"):
                continue
            if (one.tool, one.args) == (tool, args) and (reads or one.status != "failed"):
                found = one
            elif reads and one.tool in self._tools and self.policy_of(one.tool).effect != "read":
                found = None
        return found

    def digest(self) -> str:
        """Digest of all allowed definitions."""
        return digest([tool.definition() for tool in self.allowed()])

    async def call(self, warrant: Warrant, caller: Caller, scope: str) -> StepResult:
        """Call a tool under its warrant; whatever the tool does becomes a typed result.

        Args:
            warrant: The reviewed call; what it does not cover is refused.
            caller: On whose behalf the tool is called.
            scope: Thread and turn, in which an effect happens at most once.
        """
        started = time.monotonic()
        result = StepResult(step=warrant.step, tool=warrant.tool, args=warrant.args, status="done")
        try:
            changes = {"output": await self.of(caller)._admitted(warrant, caller, scope)}
        except _CallError as failure:
            changes = {"status": failure.status, "error": failure.error}
        return result.model_copy(update={**changes, "seconds": time.monotonic() - started})

    async def _admitted(self, warrant: Warrant, caller: Caller, scope: str) -> Json:
        tool = self.find(warrant.tool)
        if (
            tool is None
            or tool.digest() != warrant.tool_digest
            or digest(warrant.args) != warrant.args_digest
        ):
            raise _CallError("failed", f"no warrant covers this call of {warrant.tool}")
        policy = self.policy_of(tool.name)
        if (policy.approval == "always" or warrant.reasons) and warrant.approved_by != "human":
            raise _CallError("failed", f"no human approved this call of {warrant.tool}")
        if broken := self.violations(tool.name, warrant.args):
            raise _CallError("failed", "; ".join(f"{v.path}: {v.message}" for v in broken))
        if policy.effect == "read":
            return await self._repeatable(tool, warrant, caller)
        return await self._at_most_once(tool, warrant, caller, scope)

    async def _repeatable(self, tool: Capability, warrant: Warrant, caller: Caller) -> Json:
        retries = self.policy_of(tool.name).retries
        for attempt in range(retries + 1):
            try:
                return await self._bounded(tool, warrant, caller)
            except _CallError:
                if attempt == retries:
                    raise
                await asyncio.sleep(0.1 * 2**attempt)
        raise AssertionError("unreachable")

    async def _at_most_once(self, tool: Capability, warrant: Warrant, caller: Caller, scope: str) -> Json:
        policy, step = self.policy_of(tool.name), warrant.step.partition(".")[0]
        effect = Effect(
            key=effect_key(scope, step, tool.name, warrant.args, warrant.occurrence),
            scope=scope,
            tool=self._tools[tool.name].whole,
            warrant=warrant,
            seconds=policy.timeout_seconds,
            idempotency=policy.idempotency,
            plan=warrant.plan,
        )

        async def call(args: dict[str, Json]) -> Json:
            return await self._bounded(tool, warrant.model_copy(update={"args": args}), caller)

        return await at_most_once(effect, self._ledger, call)

    async def _bounded(self, tool: Capability, warrant: Warrant, caller: Caller) -> Json:
        """One call, bounded in time and size, traced as a run of type `tool`."""
        policy = self.policy_of(tool.name)
        lost: StepStatus = "failed" if policy.effect == "read" else "unknown"
        if policy.per_minute and (wait := self._paces[tool.name].wait(policy.per_minute)):
            most = f"{policy.per_minute} calls of {tool.name} a minute are allowed"
            raise _CallError("failed", f"{most}; the next one in {wait:.0f} s")
        bound = asyncio.timeout(policy.timeout_seconds)
        try:
            async with bound:
                output = await traced(tool, warrant.args, caller)
        except ToolError as error:
            raise _CallError("failed", str(error)) from error
        except asyncio.CancelledError as error:
            if (task := asyncio.current_task()) and task.cancelling():
                raise
            raise _CallError(lost, f"{tool.name} was cancelled from within") from error
        except Exception as error:  # a tool may raise anything; it becomes a typed result
            if bound.expired():
                raise _CallError(
                    lost, f"{tool.name} took longer than {policy.timeout_seconds:g} s"
                ) from error
            raise _CallError(lost, f"{tool.name} failed: {type(error).__name__}: {error}") from error
        return _valid(tool, output, policy.output_bytes, lost)


def _valid(tool: Capability, output: Json, limit: int, lost: StepStatus) -> Json:
    if problem := not_plain(output):
        raise _CallError(lost, f"the output of {tool.name} {problem}")
    if (size := len(canonical(output).encode())) > limit:
        raise _CallError(lost, f"the output of {tool.name} has {size} bytes, more than the {limit} allowed")
    if broken := violations(tool.output_schema, output):
        raise _CallError(lost, f"the output of {tool.name} breaks its schema{_place(broken[0].path)}")
    return output


def _place(path: str) -> str:
    """Where, unless the path itself may be a text of others: the planner reads why a step failed."""
    return f" at {path!r}" if PLAIN_PATH.fullmatch(path) else ""
