"""Reserved hosts of written texts with common endings: `.example` is not to be learnt as an attack."""

import hashlib
import re
from dataclasses import replace

from evals.gate.rows import Row

RESERVED = re.compile(r"(?<=[a-z0-9])\.example(?:\.(?:com|net|org))?(?![\w-])")
ENDINGS = (".com",) * 8 + (
    ".org",
    ".net",
    ".io",
    ".co",
    ".app",
    ".info",
    ".de",
    ".co.uk",
    ".eu",
    ".xyz",
    ".ai",
    ".fr",
)


def unreserved(text: str) -> str:
    """With an ending drawn for each host by its name, the same wherever it stands."""
    return RESERVED.sub(lambda match: _ending(text[: match.start()]), text)


def as_in_the_wild(row: Row) -> Row:
    """The row with such hosts; for training only, no text with them is kept."""
    return replace(row, text=unreserved(row.text))


def _ending(before: str) -> str:
    host = re.split(r"[^a-z0-9-]", before)[-1]
    return ENDINGS[int(hashlib.sha256(host.encode()).hexdigest(), 16) % len(ENDINGS)]
