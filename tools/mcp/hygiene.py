"""What a definition must not hold before a person can approve it."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from state.canonical import canonical
from state.errors import UsageError
from state.plain import not_plain
from state.schema import Json, check_schema
from state.tool_policy import ToolPolicy
from tools.mcp.definition import Definition

NAME = re.compile(r"[A-Za-z0-9_./-]{1,128}")
"""The names that the MCP specification recommends."""
DESCRIPTION_CHARS = 4_000
DEFINITION_BYTES = 50_000
ALLOWED = frozenset("\n\t\N{VARIATION SELECTOR-16}")
INVISIBLE = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])
"""Unicode categories: control (ANSI begins with one), format (zero-width, bidirectional), and the like."""
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters that show nothing."""
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]*[A-Za-z0-9]|[A-Za-z0-9]")


def problems(definition: Definition, server: str, others: Iterable[str]) -> Iterator[str]:
    """Why a definition cannot be approved.

    Args:
        definition: What the server says.
        server: The server's name in the policy.
        others: Qualified names of the tools of other servers, and names of local tools.
    """
    plain = definition.model_dump(mode="json")
    if problem := not_plain(plain):
        yield f"it {problem}"
        return
    if not NAME.fullmatch(definition.name):
        yield "its name is not made of 1 to 128 letters, digits and _ . / -"
    if len(definition.description) > DESCRIPTION_CHARS:
        yield f"its description is longer than {DESCRIPTION_CHARS} characters"
    if (size := len(canonical(plain).encode())) > DEFINITION_BYTES:
        yield f"it has {size} bytes, more than {DEFINITION_BYTES}"
        return
    texts = list(_texts(plain))
    if hidden := sorted({f"U+{ord(c):04X}" for text in texts for c in text if _is_hidden(c)}):
        yield f"it holds characters that cannot be seen: {', '.join(hidden[:5])}"
    if named := sorted(_named(texts, definition.name, server, others)):
        yield f"it names a tool that is not this server's: {', '.join(named[:5])}"
    yield from _schema_problems(definition)


def contradiction(definition: Definition, policy: ToolPolicy) -> str | None:
    """Why the policy is milder than the server's own words; annotations never make it milder."""
    said = definition.annotations
    if policy.effect != "read":
        return None
    if said.get("destructiveHint") is True or said.get("readOnlyHint") is False:
        return 'the server says that it changes things, so its effect cannot be "read"'
    return None


def caution(definition: Definition, policy: ToolPolicy) -> str | None:
    """What the policy's author should know, though it is allowed."""
    if policy.effect == "read" and definition.annotations.get("openWorldHint") is True:
        return 'the server says that it sends its arguments to others; consider effect = "outward"'
    return None


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _is_hidden(character: str) -> bool:
    if character in ALLOWED or (character.isascii() and character.isprintable()):
        return False
    selector = "\ufe00" <= character <= "\ufe0e" or "\U000e0100" <= character <= "\U000e01ef"
    return selector or character in BLANK or unicodedata.category(character) in INVISIBLE


def _named(texts: list[str], own: str, server: str, others: Iterable[str]) -> set[str]:
    """Tools of others that are named in full, or by a bare name that is not an ordinary word."""
    words = {word.lower() for text in texts for word in WORD.findall(text)} - {own.lower()}
    found = set()
    for name in others:
        owner, _, bare = name.rpartition(".")
        told_apart = {name, bare} if re.search(r"[_\d/-]|[a-z][A-Z]", bare) else {name} if owner else set()
        if owner != server and {one.lower() for one in told_apart} & words:
            found.add(name)
    return found


def _schema_problems(definition: Definition) -> Iterator[str]:
    for kind, schema in (("input", definition.input_schema), ("output", definition.output_schema)):
        if schema is None:
            continue
        try:
            check_schema(schema)
        except UsageError:
            yield f"its {kind} schema cannot be checked: it is not draft 2020-12, or points outside itself"
    if definition.input_schema.get("type") != "object":
        yield "its input schema is not that of an object"
