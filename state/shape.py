"""Shapes: what is known of a value before a run: its types, its parts, and where it comes from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, reduce
from typing import NamedTuple, Protocol

from state.canonical import canonical
from state.schema import Json, JsonSchema
from state.subschema import ANY, ANY_TYPE, alternatives, parts_at, types_of


class Field(NamedTuple):
    """A field of a tool's output; `*` in the pointer stands for any index or key."""

    tool: str
    pointer: str


@dataclass(frozen=True)
class Sources:
    """Everything that a value may be made of."""

    literals: frozenset[str] = frozenset()
    """Canonical JSON of literals in the plan."""
    fields: frozenset[Field] = frozenset()

    def __or__(self, other: "Sources") -> "Sources":
        return Sources(self.literals | other.literals, self.fields | other.fields)


NOWHERE = Sources()


class Shape(Protocol):
    """What is known of a value."""

    @property
    def types(self) -> frozenset[str]:
        """The JSON types that it can have."""
        ...

    @property
    def sources(self) -> Sources:
        """What it may be made of."""
        ...

    def part(self, key: str) -> "Shape | None":
        """A member or an element, or any of them for `*`; None if it cannot exist."""
        ...


@dataclass(frozen=True)
class Known:
    """A value that a JSON Schema describes, such as a part of a tool's output."""

    root: JsonSchema
    schemas: tuple[JsonSchema, ...]
    field: Field | None
    """The field that it is; None for what a model made."""
    made_of: Sources = NOWHERE
    """What a model made it of."""

    @cached_property
    def types(self) -> frozenset[str]:
        """The types that the schemas allow."""
        return types_of(list(self.schemas))

    @property
    def sources(self) -> Sources:
        """Its own field, or what a model made it of."""
        return Sources(fields=frozenset({self.field})) if self.field else self.made_of

    def part(self, key: str) -> Shape | None:
        """What the schemas say of a part, whose field lies below this one."""
        found = parts_at(self.root, list(self.schemas), key)
        below = self.field and Field(self.field.tool, f"{self.field.pointer}/{_step(self, key)}")
        return Known(self.root, tuple(found), below or None, self.made_of) if found else None


def _step(shape: Known, key: str) -> str:
    """The key as a pointer has it; an index says nothing, since which element it is does not matter."""
    escaped = key.replace("~", "~0").replace("/", "~1")
    return ANY if key.isdecimal() and "array" in shape.types else escaped


@dataclass(frozen=True)
class Made:
    """A value that an operator or a literal makes."""

    types: frozenset[str]
    own: Sources = NOWHERE
    members: Mapping[str, Shape] = field(default_factory=dict)
    elements: Shape | None = None

    @cached_property
    def sources(self) -> Sources:
        """What it and all its parts are made of."""
        inner = [*self.members.values(), *([self.elements] if self.elements else [])]
        return reduce(Sources.__or__, (shape.sources for shape in inner), self.own)

    def part(self, key: str) -> Shape | None:
        """A member, or the elements' shape for an index."""
        if self.members or "object" in self.types:
            return self._any_member if key == ANY else self.members.get(key)
        return self.elements if key == ANY or key.lstrip("-").isdecimal() else None

    @cached_property
    def _any_member(self) -> Shape | None:
        return either(*self.members.values())


@dataclass(frozen=True)
class Either:
    """A value that has one of several shapes; what is found once is kept, since an element is shared."""

    shapes: tuple[Shape, ...]
    found: dict[str, Shape | None] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def types(self) -> frozenset[str]:
        """The types of all."""
        return frozenset(name for shape in self.shapes for name in shape.types)

    @cached_property
    def sources(self) -> Sources:
        """The sources of all."""
        return reduce(Sources.__or__, (shape.sources for shape in self.shapes), NOWHERE)

    def part(self, key: str) -> Shape | None:
        """What any of them has there."""
        if key not in self.found:
            parts = (shape.part(key) for shape in self.shapes)
            self.found[key] = either(*(part for part in parts if part is not None))
        return self.found[key]


def either(*shapes: Shape) -> Shape | None:
    """One shape for several; None if there are none."""
    distinct = tuple({id(shape): shape for shape in shapes}.values())
    return distinct[0] if len(distinct) == 1 else Either(distinct) if distinct else None


def key_names(shape: Shape) -> Sources:
    """The member names that the plan itself writes, which `$entries` makes values of."""
    if isinstance(shape, Either):
        return reduce(Sources.__or__, map(key_names, shape.shapes), NOWHERE)
    names = shape.members if isinstance(shape, Made) else ()
    return Sources(literals=frozenset(map(canonical, names)))


def anything(sources: Sources) -> Shape:
    """A value of which nothing is known but what it is made of."""
    return Known({}, ({},), None, sources)


def described(schema: JsonSchema, field: Field | None, made_of: Sources = NOWHERE) -> Shape:
    """A whole value that a JSON Schema describes."""
    return Known(schema, tuple(alternatives(schema, [schema])), field, made_of)


def a_list(elements: Shape | None) -> Shape:
    """A list of elements of one shape."""
    return Made(frozenset({"array"}), elements=elements)


def an_object(**members: Shape) -> Shape:
    """An object with these members."""
    return Made(frozenset({"object"}), members=members)


def a(kind: str, sources: Sources) -> Shape:
    """A scalar of a type."""
    return Made(frozenset({kind}), sources)


def literal(value: Json) -> Shape:
    """A scalar of the plan itself."""
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    return a(kinds[type(value)], Sources(literals=frozenset({canonical(value)})))


def rounds(item: Shape, output: Shape) -> Shape:
    """The output of a step with `for_each`."""
    return a_list(an_object(item=item, output=output))


def walk(shape: Shape, keys: Iterator[str]) -> Shape | None:
    """The part that lies at keys below each other."""
    found: Shape | None = shape
    for key in keys:
        found = found.part(key) if found is not None else None
    return found


__all__ = [
    "ANY_TYPE",
    "Field",
    "Shape",
    "Sources",
    "a",
    "a_list",
    "an_object",
    "anything",
    "described",
    "either",
    "key_names",
    "literal",
    "rounds",
    "walk",
]
