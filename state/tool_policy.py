"""What one tool may do, for whom, with values from where, and how far its output is trusted."""

import re
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from state.canonical import canonical
from state.schema import JsonSchema, check_schema
from state.subschema import ANY

Effect: TypeAlias = Literal["read", "write", "outward"]
Approval: TypeAlias = Literal["never", "third-party", "always"]
Names: TypeAlias = Annotated[tuple[str, ...], Field(strict=False)]

STRICTNESS: tuple[Approval, ...] = ("never", "third-party", "always")
REPEATABLE = "repeatable"
"""Idempotency of a tool that may be called again with the same arguments, without a key."""
SOURCE = re.compile(r"request|literal|trusted|[\w.-]+#(?:/(?:[^~/]|~[01])*)*")
PATTERN = re.compile(r"(?:/(?:[^~/]|~[01])*)*")


class Section(BaseModel):
    """A table of the policy: frozen, every key known, every type exact."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class RolePolicy(Section):
    """What is different for callers of a role; it can only be stricter."""

    allowed: bool = True
    approval: Approval | None = None
    calls: int | None = Field(default=None, ge=1, le=1_000)
    per_minute: int | None = Field(default=None, ge=1, le=100_000)
    constraints: JsonSchema | None = None


class ToolPolicy(Section):
    """What one tool may do; a tool that has no entry does not exist for the planner."""

    effect: Effect
    """`read` may be repeated, `write` changes the world, `outward` sends data out."""
    roles: Names = ()
    """Roles that may use it, of which the caller must hold one; none means everybody."""
    role: dict[str, RolePolicy] = Field(default_factory=dict)
    """What is stricter for callers of a role or tenant."""
    approval: Approval = "third-party"
    """When a human is asked: `always`, when a control argument is not from an allowed source (`third-party`),
    or `never`: then such a plan is rejected."""
    control: Names | None = None
    """Arguments that decide whom, what or where; by default all of a tool that writes, else none."""
    strict: Names = ()
    """Control arguments about which nobody is asked: a plan in which one is from elsewhere is rejected."""
    tainted: Literal["approve", "refuse"] = "approve"
    """Whether a plan that was made after a model read text of others may write with it, if a human approves
    each call, or not at all."""
    sources: dict[str, Names] = Field(default_factory=dict)
    """Control argument → where it may come from: `request` (a literal that stands in the request), `literal`,
    `trusted` (a trusted field), `tool#/field`; by default `literal` and `trusted`."""
    constraints: JsonSchema = Field(default_factory=dict)
    """JSON Schema that the arguments must satisfy besides the tool's own."""
    trusted: bool | Names = False
    """Whether its output is the user's or the service's own, or which fields are, such as `/items/*/id`."""
    untrusted: Names = ()
    """Fields that are not, though `trusted` covers them."""
    timeout_seconds: float = Field(default=20.0, gt=0, le=3600)
    retries: int = Field(default=0, ge=0, le=10)
    """Repeats after an error, for `read` tools only."""
    calls: int = Field(default=8, ge=1, le=1_000)
    """Calls in one turn."""
    per_minute: int | None = Field(default=None, ge=1, le=100_000)
    """Calls in any minute, of all callers of this process together."""
    output_bytes: int = Field(default=200_000, ge=100, le=100_000_000)
    idempotency: str | None = None
    """The argument that takes an idempotency key, which then is filled by the executor, or `repeatable` for a
    write that may safely be made again; without it an effect whose outcome is unknown asks."""

    def model_post_init(self, _context: object) -> None:
        """Refuse a policy that repeats what must happen at most once, or that cannot be read."""
        if self.effect != "read" and self.retries:
            raise ValueError("retries must be 0 for a tool whose effect is not 'read'")
        if self.effect == "read" and self.idempotency:
            raise ValueError("idempotency is for tools that write")
        for pattern in (*(self.trusted if isinstance(self.trusted, tuple) else ()), *self.untrusted):
            if not PATTERN.fullmatch(pattern):
                raise ValueError(f"{pattern!r} is no JSON Pointer such as /items/*/id")
        for source in (one for allowed in self.sources.values() for one in allowed):
            if not SOURCE.fullmatch(source):
                raise ValueError(f"{source!r} is no source: request, literal, trusted or tool#/field")
        named = self.sources.keys() | set(self.strict)
        if self.control is not None and (extra := named - set(self.control)):
            raise ValueError(f"{min(extra)!r} has sources or is strict, but is no control argument")
        for schema in (self.constraints, *(one.constraints for one in self.role.values())):
            check_schema(schema or {})

    def trusts(self, pointer: str) -> bool:
        """Whether the whole field at a pointer of the output is trusted; `*` in it is any part."""
        if any(_overlaps(pattern, pointer) for pattern in self.untrusted):
            return False
        if isinstance(self.trusted, bool):
            return self.trusted
        return any(covers(pattern, pointer) for pattern in self.trusted)

    def controls(self, args: set[str]) -> set[str]:
        """Which of the arguments are control arguments."""
        everything = self.control is None and self.effect != "read"
        return args if everything else args & set(self.control or ())

    def of_role(self, roles: frozenset[str]) -> "ToolPolicy | None":
        """The policy for a caller with these roles, the strictest of all; None if they may not use it."""
        if self.roles and not roles & set(self.roles):
            return None
        held = [self.role[name] for name in sorted(roles & self.role.keys())]
        if not all(one.allowed for one in held):
            return None
        return self if not held else self.model_copy(update=self._stricter(held))

    def _stricter(self, held: list[RolePolicy]) -> dict[str, Any]:
        approvals = [self.approval, *(one.approval for one in held if one.approval)]
        minutes = [n for n in (self.per_minute, *(one.per_minute for one in held)) if n is not None]
        given = (self.constraints, *(one.constraints for one in held))
        schemas = list({canonical(schema): schema for schema in given if schema}.values())
        return {
            "approval": max(approvals, key=STRICTNESS.index),
            "calls": min([self.calls, *(one.calls for one in held if one.calls)]),
            "per_minute": min(minutes, default=None),
            "constraints": schemas[0] if len(schemas) == 1 else _all_of(schemas),
        }


def _all_of(schemas: list[JsonSchema]) -> JsonSchema:
    """One schema of several, each with a base of its own, since its references begin at its root."""
    named = [{"$id": f"urn:warrant:constraints:{index}", **one} for index, one in enumerate(schemas)]
    return {"allOf": named} if named else {}


def covers(pattern: str, pointer: str) -> bool:
    """Whether a pattern names the field at a pointer or one around it."""
    wanted, found = pattern.split("/"), pointer.split("/")
    return len(wanted) <= len(found) and all(
        want in (ANY, part) for want, part in zip(wanted, found, strict=False)
    )


def _overlaps(pattern: str, pointer: str) -> bool:
    """Whether a pattern names the field, one around it, or one inside it."""
    pairs = zip(pattern.split("/"), pointer.split("/"), strict=False)
    return all(ANY in (want, part) or want == part for want, part in pairs)
