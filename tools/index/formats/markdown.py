"""Markdown, with YAML front matter for its title and its ACL labels."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from tools.index.document import BrokenDocumentError, Document, heading, read_labels
from tools.index.formats.plain import decode
from tools.index.opening import content
from tools.index.structure import markdown

MAX_FRONT_MATTER = 20_000
"""Characters; what is longer is taken for text, unless it holds labels."""

FRONT_MATTER = re.compile(
    rf"---[^\S\n]*\n(.{{0,{MAX_FRONT_MATTER}}}?)^---[^\S\n]*(?:\n|\Z)", re.DOTALL | re.MULTILINE
)

UNENDED = re.compile(r"---[^\S\n]*\n(?:.*\n)*?labels[^\S\n]*:")


def read(path: Path, source: str) -> Document:
    """Read a Markdown file; its front matter is not part of the text."""
    text = decode(content(path))
    front = FRONT_MATTER.match(text)
    if not front and UNENDED.match(text[:MAX_FRONT_MATTER]):
        raise BrokenDocumentError(
            f"Its front matter has labels and no end within {MAX_FRONT_MATTER:,} characters.",
            "End it with --- on a line of its own.",
        )
    fields = _fields(front[1]) if front else {}
    body = text[front.end() :] if front else text
    title = fields.get("title")
    above = (heading(title),) if isinstance(title, str) and title.strip() else ()
    return Document(source, body, markdown(body, above), read_labels(fields.get("labels")))


def _fields(front: str) -> dict[object, object]:
    import yaml

    try:
        fields = yaml.load(front, _loader())
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # Not skipped: it may hold the labels that say who may read the document.
        raise BrokenDocumentError(
            "Its front matter is not YAML, or has aliases or a key twice.",
            "Correct what stands between the --- lines.",
        ) from error
    return fields if isinstance(fields, dict) else {}


@cache
def _loader() -> type[Any]:
    """YAML without aliases, of which a line can stand for gigabytes, and without a key that stands twice."""
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc, name-defined, unused-ignore]
        def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401 - PyYAML is not typed
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("an alias")
            return super().compose_node(parent, index)

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: ANN401 - as above
            names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            if len(set(names)) < len(names):
                raise yaml.YAMLError("a key that stands twice")
            return super().construct_mapping(node, deep)

    return Loader
