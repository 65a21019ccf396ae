"""Whether a model's reply is a refusal: it says that it will not help, and not that it knows nothing.

`We cannot refund` is an answer, and `I cannot find that in the documents` an abstention. `refusals.toml` has
the patterns, by language.
"""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("refusals.toml")
LONGEST = 600
"""Characters of a refusal; whoever says more than that has said something."""
HEAD = 240
"""Characters in which it must show itself."""


class Patterns(NamedTuple):
    """What refusals say, and what they do not."""

    refusals: tuple[re.Pattern[str], ...]
    abstention: re.Pattern[str]


def refusing(reply: str) -> bool:
    """Whether a reply refuses, in one of the languages of `refusals.toml`."""
    said = " ".join(reply.split()).strip("\"'`*_ ")
    if not 0 < len(said) <= LONGEST:
        return False
    head, patterns = said[:HEAD], _patterns()
    return not patterns.abstention.search(head) and any(one.search(head) for one in patterns.refusals)


@cache
def _patterns() -> Patterns:
    read = tomllib.loads(FILE.read_text(encoding="utf-8"))
    fragments = re.compile("|".join(f"<{name}>" for name in read["fragments"]))
    spelt = (
        fragments.sub(lambda found: read["fragments"][found[0][1:-1]], pattern)
        for patterns in read["patterns"].values()
        for pattern in patterns
    )
    refusals = tuple(re.compile(pattern, re.IGNORECASE) for pattern in spelt)
    return Patterns(refusals, re.compile(read["abstention"]["words"], re.IGNORECASE))
