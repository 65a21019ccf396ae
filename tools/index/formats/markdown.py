"""Markdown, with YAML front matter for its title and its ACL labels."""

import re
from pathlib import Path

from tools.index.document import BrokenDocumentError, Document, heading, read_labels
from tools.index.formats.plain import decode
from tools.index.structure import markdown

MAX_FRONT_MATTER = 20_000
"""Characters; what is longer is taken for text."""

FRONT_MATTER = re.compile(
    rf"---[^\S\n]*\n(.{{0,{MAX_FRONT_MATTER}}}?)^---[^\S\n]*(?:\n|\Z)", re.DOTALL | re.MULTILINE
)


def read(path: Path, source: str) -> Document:
    """Read a Markdown file; its front matter is not part of the text."""
    text = decode(path.read_bytes())
    front = FRONT_MATTER.match(text)
    fields = _fields(front[1]) if front else {}
    body = text[front.end() :] if front else text
    title = fields.get("title")
    above = (heading(title),) if isinstance(title, str) and title.strip() else ()
    return Document(source, body, markdown(body, above), read_labels(fields.get("labels")))


def _fields(front: str) -> dict[object, object]:
    import yaml

    try:
        fields = yaml.safe_load(front)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # Not skipped: it may hold the labels that say who may read the document.
        raise BrokenDocumentError(
            "Its front matter is not YAML.", "Correct what stands between the --- lines."
        ) from error
    return fields if isinstance(fields, dict) else {}
