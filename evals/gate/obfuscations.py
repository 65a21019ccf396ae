"""What attackers do to a text so that a classifier does not know it: by name, and the same for a seed."""

import base64
import codecs
import re
from collections.abc import Callable, Mapping
from random import Random
from typing import TypeAlias
from urllib.parse import quote

from evals.gate import disguises
from evals.gate.alphabets import (
    CIRCLED,
    FULLWIDTH,
    HOMOGLYPHS,
    INVISIBLE,
    LEET,
    MARKS,
    MATHEMATICAL,
)
from state.errors import UsageError

Transformation: TypeAlias = Callable[[str, Random], str]

HARMLESS = "Thanks for your help with my order yesterday."
"""Seen where the attack is not."""


def zero_width(text: str, random: Random) -> str:
    """Invisible characters between the letters of words."""
    return re.sub(r"(?<=\w)(?=\w)", lambda _: random.choice(INVISIBLE) if random.random() < 0.7 else "", text)


def homoglyphs(text: str, random: Random) -> str:
    """Most letters that look alike in Cyrillic, Greek or Armenian, from there."""
    return "".join(one.translate(HOMOGLYPHS) if random.random() < 0.8 else one for one in text)


def leetspeak(text: str, random: Random) -> str:
    """Digits and signs in place of letters."""
    return "".join(
        random.choice(LEET[one.lower()]) if one.lower() in LEET and random.random() < 0.8 else one
        for one in text
    )


def letter_spacing(text: str, random: Random) -> str:
    """Letters set apart, by one sign throughout; words by a wider gap, or by none but the sign."""
    sign = random.choice((" ", " ", ".", "-", "_", "*", "\n"))
    gap = random.choice((sign, "  ", "   ")) if sign != " " else random.choice((" ", "   "))
    return gap.join(sign.join(word) for word in text.split())


def as_base64(text: str, random: Random) -> str:
    """Base64, also in its URL-safe alphabet and in wrapped lines."""
    data = text.encode()
    way = random.randrange(3)
    if way == 1:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")
    return (base64.encodebytes(data) if way == 2 else base64.b64encode(data)).decode().strip()


def rot13(text: str, _: Random) -> str:
    """Letters moved by 13."""
    return codecs.encode(text, "rot13")


def hexadecimal(text: str, random: Random) -> str:
    """Two digits a byte, run together or set apart."""
    return text.encode().hex(*random.choice(((), (" ",), (":",))))


def url_encoding(text: str, random: Random) -> str:
    """Every byte, or only what must be, as percent and two digits."""
    return random.choice((quote(text), "".join(f"%{byte:02X}" for byte in text.encode())))


def html_entities(text: str, random: Random) -> str:
    """Every character as a numeric entity, decimal or hexadecimal."""
    form = random.choice(("&#{};", "&#x{:x};"))
    return "".join(form.format(ord(one)) for one in text)


def unicode_escapes(text: str, random: Random) -> str:
    """Every character as an escape of JSON or of C."""
    form = random.choice(("\\u{:04x}", "\\x{:02x}"))
    return "".join(form.format(ord(one)) if ord(one) < 0x100 else one for one in text)


def tag_characters(text: str, _: Random) -> str:
    """Invisible tag characters behind something harmless."""
    return HARMLESS + "".join(chr(0xE0000 + ord(one)) for one in text if " " <= one <= "~")


def variation_selectors(text: str, _: Random) -> str:
    """The bytes as variation selectors behind something harmless."""
    bytes_ = (chr(0xFE00 + byte) if byte < 16 else chr(0xE0100 + byte - 16) for byte in text.encode())
    return HARMLESS + "".join(bytes_)


def bidi_override(text: str, random: Random) -> str:
    """Backwards under an override, so that it is shown forwards; or with marks of direction in every word."""
    if random.random() < 0.5:
        return f"\u202e{text[::-1]}\u202c"
    return re.sub(r"(?<=\w)(?=\w)", lambda _: random.choice(("\u202d", "\u2066", "\u200e", "")), text)


def fullwidth(text: str, _: Random) -> str:
    """The wide letters of East Asian fonts."""
    return text.translate(FULLWIDTH)


def mathematical(text: str, random: Random) -> str:
    """Letters of mathematics, or circled ones."""
    return text.translate(random.choice((*MATHEMATICAL, CIRCLED)))


def reversed_letters(text: str, random: Random) -> str:
    """All of it backwards, or each word."""
    return text[::-1] if random.random() < 0.5 else " ".join(word[::-1] for word in text.split())


def zalgo(text: str, random: Random) -> str:
    """Stacks of combining marks."""
    return "".join(
        one + "".join(random.choices(MARKS, k=random.randint(2, 6))) if one.isalpha() else one for one in text
    )


def mixed_case(text: str, random: Random) -> str:
    """Letters in either case, and signs after words."""
    words = (
        "".join(random.choice((one.upper(), one.lower())) for one in word)
        + random.choice(("", "", "!", ",", "...", ";"))
        for word in text.split()
    )
    return " ".join(words)


OBFUSCATIONS: Mapping[str, Transformation] = {
    "zero_width": zero_width,
    "homoglyphs": homoglyphs,
    "leetspeak": leetspeak,
    "letter_spacing": letter_spacing,
    "base64": as_base64,
    "rot13": rot13,
    "hex": hexadecimal,
    "url_encoding": url_encoding,
    "html_entities": html_entities,
    "unicode_escapes": unicode_escapes,
    "tag_characters": tag_characters,
    "variation_selectors": variation_selectors,
    "bidi_override": bidi_override,
    "fullwidth": fullwidth,
    "mathematical": mathematical,
    "reversed": reversed_letters,
    "zalgo": zalgo,
    "mixed_case": mixed_case,
}
"""They change how the text is written and not what it says: a reader of all views undoes them."""

DISGUISES: Mapping[str, Transformation] = {
    "paraphrase": disguises.paraphrase,
    "translation": disguises.translation,
    "turns": disguises.turns,
    "markdown": disguises.markdown,
    "code_comment": disguises.code_comment,
    "many_shot": disguises.many_shot,
    "typos": disguises.typos,
}
"""They change what it says or where it stands."""

TRANSFORMATIONS: Mapping[str, Transformation] = {**OBFUSCATIONS, **DISGUISES}


def transform(name: str, text: str, seed: int) -> str:
    """The text as an attacker would write it.

    Raises:
        UsageError: there is no transformation of this name.
    """
    if name not in TRANSFORMATIONS:
        raise UsageError(
            f"There is no transformation {name!r}.", f"Use one of: {', '.join(sorted(TRANSFORMATIONS))}."
        )
    return TRANSFORMATIONS[name](text, Random(f"{name}:{seed}"))
