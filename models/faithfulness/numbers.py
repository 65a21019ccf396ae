"""Numbers of a text by what they may mean: written in digits or in words, with unit, sign apart."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
GROUPED = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
CONTINENTAL = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?")

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
)
_ORDINAL = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
WORDS = {
    **{word: str(value) for value, word in enumerate((_SMALL + " seventeen eighteen nineteen").split())},
    **{word: str(value) for value, word in enumerate(_ORDINAL.split(), 1)},
    **{word: str(value) for value, word in zip(range(20, 100, 10), _TENS.split(), strict=True)},
    **{"once": "1", "twice": "2", "half": "0.5", "dozen": "12", "hundred": "100", "thousand": "1000"},
}
SCALES = {"hundred": 2, "thousand": 3, "k": 3, "million": 6, "m": 6, "mn": 6, "billion": 9, "bn": 9}
UNITS = {
    alias: names[0]
    for names in (
        ("percent", "%", "per cent", "pct"),
        ("year", "years", "yr", "yrs"),
        ("month", "months"),
        ("week", "weeks"),
        ("day", "days"),
        ("hour", "hours", "h", "hrs"),
        ("minute", "minutes", "min", "mins"),
        ("second", "seconds", "s", "sec"),
        ("kilogram", "kg", "kilograms", "kilos"),
        ("gram", "g", "grams"),
        ("milligram", "mg", "milligrams"),
        ("kilometre", "km", "kilometres", "kilometers"),
        ("mile", "miles"),
        ("metre", "metres", "meters", "meter"),
        ("centimetre", "cm", "centimetres", "centimeters"),
        ("euro", "eur", "euros", "€"),
        ("dollar", "usd", "dollars", "$"),
        ("pound", "gbp", "pounds", "£"),
    )
    for alias in names
}
SPELLED = "|".join(sorted(WORDS, key=len, reverse=True))
READ = re.compile(
    r"(?P<before>[$€£])?\s?(?P<number>\d+(?:[.,]\d+)*)(?:st|nd|rd|th)?"
    r"(?:[\s-]?(?P<scale>hundred|thousand|million|billion|mn|bn)\b)?"
    # What follows is looked at and not taken: it may be a number of its own.
    r"(?:(?=[\s-]?(?P<after>%|[€£]|per cent\b|[a-z]{1,11}\b)))?"
    rf"|\b(?P<word>{SPELLED})\b(?:(?=[\s-](?P<word_unit>[a-z]{{1,11}})\b))?",
    re.IGNORECASE,
)


class Quantity(NamedTuple):
    """A number of a text: `text[start:end]`."""

    start: int
    end: int
    values: frozenset[str]
    """What it may mean, as plain decimals."""
    unit: str | None
    spelled: bool
    """Whether it is written in words."""


def quantities(text: str) -> Iterator[Quantity]:
    """The numbers of a text, in its order."""
    for found in READ.finditer(text):
        if word := found["word"]:
            value = frozenset({plain(WORDS[word.lower()])})
            unit = UNITS.get((found["word_unit"] or "").lower())
            yield Quantity(found.start("word"), found.end("word"), value, unit, True)
            continue
        values = meanings(found["number"])
        if scale := found["scale"]:
            values |= {scaled(value, SCALES[scale.lower()]) for value in values}
        unit = UNITS.get((found["after"] or found["before"] or "").lower())
        yield Quantity(found.start("number"), found.end("number"), frozenset(values), unit, False)


def strange_numbers(said: str, texts: Iterable[str]) -> str:
    """Numbers in digits that stand in none of the texts, separated by commas."""
    known = {value for text in texts for number in NUMBER.findall(text) for value in meanings(number)}
    return ", ".join(sorted({number for number in NUMBER.findall(said) if not known & meanings(number)}))


def meanings(number: str) -> set[str]:
    """What a number may mean: `1,000` is 1000, `1.000` may be 1000 or 1, `2,50` is 2.5, `05` is 5."""
    number = re.sub(r"\d", lambda digit: str(int(digit[0])), number)
    if GROUPED.fullmatch(number):
        return {plain(number.replace(",", ""))}
    values = {plain(number.replace(",", ".") if number.count(",") == 1 else number)}
    if CONTINENTAL.fullmatch(number):
        values |= {plain(number.replace(".", "").replace(",", "."))}
    return values


def plain(number: str) -> str:
    """A decimal without needless zeros: `05.20` and `5.2` are the same."""
    whole, _, decimals = number.partition(".")
    return f"{whole.lstrip('0')}.{decimals.rstrip('0')}"


def scaled(value: str, places: int) -> str:
    """The plain decimal with its point moved to the right."""
    whole, _, decimals = value.partition(".")
    decimals = decimals.ljust(places, "0")
    return plain(f"{whole}{decimals[:places]}.{decimals[places:]}")
