"""Text encoded as a run of letters and digits: base64, base32, hexadecimal; also in wrapped lines."""

import base64
import binascii
import re
from collections.abc import Iterator

from models.gate.views.readable import readable
from models.gate.views.view import Part

SHORTEST = 16
"""Characters of an encoded run."""
LINE = 12
"""Characters of its first line."""
ALPHABET = r"A-Za-z0-9+/_\-"
RUN = re.compile(
    rf"(?<![{ALPHABET}])[{ALPHABET}]{{{LINE},}}(?:[ \t]*\r?\n[ \t>]*[{ALPHABET}]{{4,}})*={{0,6}}"
)
PIECE = re.compile(r"[^\s>]+")
AROUND = re.compile(r"[\s>]+")
HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
BASE32 = re.compile(r"[A-Z2-7]+=*")
BASE32_LENGTHS = {0: 0, 1: 0, 2: 2, 3: 2, 4: 4, 5: 5, 6: 5, 7: 7}
"""Letters that count of those after the last whole group of eight."""


def encoded(text: str) -> Iterator[tuple[str, Part]]:
    """What is encoded in the text, with its encoding."""
    if max(map(len, text.split()), default=0) < LINE:
        return
    for match in RUN.finditer(text):
        if found := _decoded(match[0]):
            yield found[0], Part(*match.span(), found[1])
        elif "\n" in match[0]:
            yield from _lines(match)


def _lines(match: re.Match[str]) -> Iterator[tuple[str, Part]]:
    """A run that says nothing as a whole, line by line."""
    for line in PIECE.finditer(match[0]):
        if found := _decoded(line[0]):
            yield found[0], Part(match.start() + line.start(), match.start() + line.end(), found[1])


def _decoded(run: str) -> tuple[str, str] | None:
    """The encoding and the text; a path may stand before it, so that a group of four begins anywhere."""
    letters = AROUND.sub("", run)
    if len(letters) < SHORTEST:
        return None
    if HEX.fullmatch(letters) and (read := readable(bytes.fromhex(letters))):
        return "hex", read
    if BASE32.fullmatch(letters) and (read := readable(_base32(letters))):
        return "base32", read
    # Letters of one case alone are names: no sentence is written so in base64.
    for skipped in () if letters.islower() or letters.isupper() else range(4):
        if read := readable(_base64(letters[skipped:])):
            return "base64", read
    return None


def _base64(letters: str) -> bytes:
    letters = letters.rstrip("=").replace("-", "+").replace("_", "/")
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + "=" * (-len(letters) % 4))


def _base32(letters: str) -> bytes:
    letters = letters.rstrip("=")
    rest = len(letters) % 8
    letters = letters[: len(letters) - rest + BASE32_LENGTHS[rest]]
    return base64.b32decode(letters + "=" * (-len(letters) % 8))
