"""Characters that attackers put in place of others."""

import string

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
HOMOGLYPHS = str.maketrans(
    {
        **dict(
            zip(
                "aceopxyijshv",
                "\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u0456\u0458\u0455\u04bb\u0475",
                strict=True,
            )
        ),
        **dict(zip("nuqw", "\u0578\u057d\u051b\u051d", strict=True)),
        **dict(
            zip(
                "ABCEHIKMOPTX",
                "\u0391\u0412\u0421\u0415\u041d\u0406\u039a\u041c\u039f\u0420\u03a4\u03a7",
                strict=True,
            )
        ),
    }
)
LEET = {"a": "4@", "b": "8", "e": "3", "g": "9", "i": "1!", "o": "0", "s": "5$", "t": "7", "l": "1"}
MARKS = "".join(map(chr, (*range(0x0300, 0x0345), *range(0x0346, 0x034F), *range(0x0350, 0x0370))))


def _shifted(upper: int, lower: int, digit: int | None = None) -> dict[int, str]:
    """Letters and digits moved to where an alphabet begins."""
    moved = {ord(letter): chr(upper + place) for place, letter in enumerate(string.ascii_uppercase)}
    moved |= {ord(letter): chr(lower + place) for place, letter in enumerate(string.ascii_lowercase)}
    if digit is not None:
        moved |= {ord(letter): chr(digit + place) for place, letter in enumerate(string.digits)}
    return moved


FULLWIDTH = {code: chr(code + 0xFEE0) for code in range(0x21, 0x7F)} | {0x20: "\u3000"}
MATHEMATICAL = (
    _shifted(0x1D400, 0x1D41A, 0x1D7CE),  # bold
    _shifted(0x1D468, 0x1D482),  # bold italic
    _shifted(0x1D4D0, 0x1D4EA),  # bold script
    _shifted(0x1D56C, 0x1D586),  # bold Fraktur
    _shifted(0x1D5A0, 0x1D5BA, 0x1D7E2),  # sans-serif
    _shifted(0x1D670, 0x1D68A, 0x1D7F6),  # monospace
)
CIRCLED = _shifted(0x24B6, 0x24D0)
