"""Which files carry which ACL labels because of where they lie."""

import re
from typing import Annotated

from pydantic import Field

from state.canonical import digest
from state.tool_policy import Names, Section

RESERVED = "!"
"""Begins no label that anybody can give or hold."""
NOBODY = f"{RESERVED}nobody"
"""Label of a file whose readers are not known."""
MEANING = 1
"""Counts up when the same rules give other labels, so that they are applied again."""
NESTED = re.compile(r"[^/]\*\*|\*\*[^/]")


class LabelRule(Section):
    """ACL labels of everything that lies at a path; the labels of all rules that match add up."""

    path: str = Field(min_length=1, max_length=1_000)
    """Glob: `*` and `?` stay within a name, `**` is any number of folders; case does not count. What it
    matches has the labels, and all below it. Without a leading `/` it may begin at any folder."""
    labels: Annotated[Names, Field(min_length=1, max_length=64)]

    def model_post_init(self, _context: object) -> None:
        """Refuse what would silently match nothing, or name nobody."""
        names = self.path.removeprefix("/").split("/")
        if "\\" in self.path or not all(names) or {".", ".."} & set(names) or NESTED.search(self.path):
            raise ValueError(f"{self.path!r} is no glob such as hr/** or /srv/docs/*.pdf")
        for label in self.labels:
            if label != label.strip() or not label or label.startswith(RESERVED):
                raise ValueError(f"{label!r} is no label: a name that does not begin with {RESERVED}")


Rules = Annotated[tuple[LabelRule, ...], Field(strict=False)]


def rules_digest(rules: tuple[LabelRule, ...]) -> str:
    """What an index remembers of the rules that it has; empty for none."""
    return digest([MEANING, sorted([one.path, *sorted(one.labels)] for one in rules)]) if rules else ""
