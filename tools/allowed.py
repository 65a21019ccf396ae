"""The tools that policy allows, once what it says of each fits what the tool is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from state.errors import UsageError
from state.plan import THINKING
from state.policy import Policy
from state.schema import check_schema
from state.subschema import alternatives, parts_at
from state.tool_policy import REPEATABLE, ToolPolicy
from tools.capability import Capability


@dataclass(frozen=True)
class Allowed:
    """A tool, and what policy says of it for a caller."""

    tool: Capability
    """As it may be planned: without the argument that takes an idempotency key."""
    policy: ToolPolicy
    whole: Capability
    """As it is called."""


def check_tools(capabilities: Iterable[Capability], policy: Policy) -> dict[str, Allowed]:
    """The allowed tools, once all are told apart and those that policy allows exist and can be checked.

    Raises:
        UsageError: they are not.
    """
    named: dict[str, Capability] = {}
    for capability in capabilities:
        if capability.name in named or capability.name in THINKING:
            other = named[capability.name].origin if capability.name in named else "built in"
            raise UsageError(
                f"Two tools are named {capability.name!r}: {other} and {capability.origin}.",
                "Rename one of them.",
            )
        named[capability.name] = capability
    if missing := sorted(policy.tools.keys() - named.keys()):
        raise UsageError(
            f"The policy allows tools that do not exist: {', '.join(missing)}.",
            f"Known tools: {', '.join(sorted(named))}.",
        )
    allowed = {name: _allowed(_usable(named[name]), one) for name, one in policy.tools.items()}
    if problem := next((one for name in allowed for one in _misspelt(allowed[name], policy)), None):
        raise UsageError(problem, "Correct it in the policy.")
    return allowed


def _usable(tool: Capability) -> Capability:
    for kind, schema in (("input", tool.input_schema), ("output", tool.output_schema)):
        try:
            check_schema(schema)
        except UsageError as error:
            raise UsageError(
                f"The {kind} schema of the tool {tool.name!r} cannot be used. {error.message}",
                "Correct the tool, or take it out of the policy.",
            ) from error
    return tool


def _allowed(tool: Capability, policy: ToolPolicy) -> Allowed:
    """The tool with its policy, which may not be looser than the tool itself demands."""
    if tool.writes and policy.effect == "read":
        problem = f"The tool {tool.name!r} writes, and the policy calls it a read."
        raise UsageError(problem, "Correct its effect.")
    if tool.control and (policy.control is not None or policy.effect == "read"):
        policy = policy.model_copy(update={"control": (*tool.control, *(policy.control or ()))})
    return Allowed(_planned(tool, policy.idempotency), policy, tool)


def _planned(tool: Capability, key: str | None) -> Capability:
    """The tool as a planner sees it: without the idempotency key, which the executor fills."""
    if key in (None, REPEATABLE):
        return tool
    schema = tool.input_schema
    if key not in schema.get("properties", {}):
        raise UsageError(
            f"The tool {tool.name!r} has no argument {key!r} for an idempotency key.",
            f"Correct tools.{tool.name}.idempotency in the policy.",
        )
    planned = {
        **schema,
        "properties": {name: part for name, part in schema["properties"].items() if name != key},
        "required": [name for name in schema.get("required", []) if name != key],
    }
    return replace(tool, input_schema=planned)


def _misspelt(one: Allowed, policy: Policy) -> Iterator[str]:
    """Names in the policy of a tool that stand for nothing, so that a control argument would be none."""
    where, properties = f"tools.{one.tool.name}", one.whole.input_schema.get("properties", {})
    for name in one.policy.control or ():
        if name not in properties:
            yield f"{where}.control names {name!r}, which is no argument of the tool."
    for source in (source for allowed in one.policy.sources.values() for source in allowed):
        if "#" in source and source.partition("#")[0] not in policy.tools:
            yield f"{where}.sources names {source!r}, whose tool the policy does not allow."
    trusted = one.policy.trusted if isinstance(one.policy.trusted, tuple) else ()
    for pattern in (*trusted, *one.policy.untrusted):
        if not _exists(one.tool, pattern):
            yield f"{where} trusts or distrusts {pattern!r}, which its output cannot have."


def _exists(tool: Capability, pattern: str) -> bool:
    found = alternatives(tool.output_schema, [tool.output_schema])
    for part in pattern.split("/")[1:]:
        found = parts_at(tool.output_schema, found, part.replace("~1", "/").replace("~0", "~"))
    return bool(found)
