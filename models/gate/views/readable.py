"""Whether bytes are text that somebody could read."""

import re

READABLE = re.compile(
    rb"(?:[\t\n\r\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}){8,}"
)
"""UTF-8 without controls."""
MOST = 0.6
"""Share of the bytes that are text in one piece, and of letters and spaces in that text."""
VARIETY = 5
"""Different characters of a text, at least."""


def readable(data: bytes) -> str | None:
    """The text in these bytes if most of them are one, in UTF-8 or UTF-16."""
    if data[1::2].count(0) > 0.8 * len(data[1::2]):
        data = data[::2]
    longest = max(READABLE.finditer(data), key=lambda match: len(match[0]), default=None)
    if longest is None or len(longest[0]) < MOST * len(data):
        return None
    text = longest[0].decode("utf-8", "replace")
    letters = sum(letter.isalpha() or letter.isspace() for letter in text)
    return text if letters >= MOST * len(text) and len(set(text)) >= VARIETY else None
