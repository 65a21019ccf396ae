"""Prompts made of named JSON sections, which a language model and the offline model read alike.

A section is `<name>` on a line, one JSON value, `</name>` on a line. `<` inside the value is escaped, so that
no text from a document can close its section or open another one.
"""

import json
import re
from collections.abc import Mapping

from state.schema import Json

SECTION = re.compile(r"^<(?P<name>[a-z_]+)>\n(?P<value>.*)\n</(?P=name)>$", re.MULTILINE)

ESCAPED = re.compile(r"[<\ud800-\udfff]")
"""What would close a section, and lone surrogates, which no provider can be sent."""


def render(sections: Mapping[str, Json]) -> str:
    """Render sections in the given order; a section whose value is None is left out."""
    return "\n".join(_section(name, value) for name, value in sections.items() if value is not None)


def parse(text: str) -> dict[str, Json]:
    """The sections of a rendered prompt."""
    return {match["name"]: json.loads(match["value"]) for match in SECTION.finditer(text)}


def _section(name: str, value: Json) -> str:
    escaped = ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
    return f"<{name}>\n{escaped}\n</{name}>"
