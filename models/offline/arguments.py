"""Filling a tool's arguments from a text: by pattern, enum, format, and numbers beside their name."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from unicodedata import normalize

from models.offline.clauses import stems
from models.offline.naming import name_terms
from models.text import terms
from state.schema import Json, JsonSchema, violations
from state.subschema import schema_at, types_of

MAX_TOKENS = 600
MAX_TOKEN_CHARS = 64
MAX_WORDS_OF_VALUE = 3
NEARBY_WORDS = 3
PROBES = ("a", "I", "order", "return", "what", "Berlin", "hello", "is the", "1", "42")
ACRONYMS = ("WHO", "EU", "NASA")
STRONG_FORMATS = frozenset({"email", "uri", "uuid"})
PUNCTUATION = "\"'`“”‘’«»()[]{}<>,;:!?.…*#"
FORMATS = {
    "date": re.compile(r"\d{4}-\d{2}-\d{2}"),
    "date-time": re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\S+"),
    "time": re.compile(r"\d{2}:\d{2}:\d{2}\S*"),
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "uri": re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+"),
    "uuid": re.compile(r"[0-9A-Fa-f-]{36}"),
    "ipv4": re.compile(r"\d+\.\d+\.\d+\.\d+"),
    "ipv6": re.compile(r"[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*"),
    "hostname": re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"),
}
SPOKEN_DATES = ("%d %B %Y", "%B %d %Y", "%d %b %Y", "%b %d %Y", "%d.%m.%Y")
MONEY_NAMES = "amount price total cost sum fee"
NUMBER = re.compile(r"(?<![\w.-])-?\d+(?:,\d{3})*(?:\.\d+)?(?![\w-]|[.,]\d)")
CURRENCY = re.compile(r"(?:[$€£]|\b(?:eur|usd|gbp|chf|euros?|dollars?|pounds?)\b)", re.IGNORECASE)


class _Missing:
    """The mark of an argument that the text does not give."""


MISSING: Final = _Missing()


@dataclass
class Source:
    """A text that values are taken from; each value is given out once for each kind of argument."""

    text: str
    taken: set[str] = field(default_factory=set)
    strong: list[str] = field(default_factory=list)
    """Values that can hardly mean anything else: codes, addresses."""
    words: list[str] = field(default_factory=list)
    """Every value of a pattern or a format, as the text has it."""

    def spans(self) -> Iterator[str]:
        """Runs of one to three words without the punctuation around them."""
        words = normalize("NFKC", self.text).split()[:MAX_TOKENS]
        for size in range(1, MAX_WORDS_OF_VALUE + 1):
            for start in range(len(words) - size + 1):
                span = " ".join(words[start : start + size]).strip(PUNCTUATION)
                if span and len(span) <= MAX_TOKEN_CHARS:
                    yield span.removesuffix("'s").removesuffix("’s")


def fill(schema: JsonSchema, source: Source) -> dict[str, Json] | None:
    """Arguments that the text gives, or None if a required one is missing or the whole breaks the schema."""
    args: dict[str, Json] = {}
    required = schema.get("required", ())
    names = [*required, *(name for name in schema.get("properties", {}) if name not in required)]
    for name in names:
        alternatives = schema_at(schema, f"/{name.replace('~', '~0').replace('/', '~1')}")
        value = _value(name, alternatives, source, required=name in required)
        if isinstance(value, _Missing):
            if name in required:
                return None
            continue
        args[name] = value
    return None if violations(schema, args) else args


def _value(name: str, alternatives: Sequence[JsonSchema], source: Source, *, required: bool) -> Json:
    for schema in alternatives:
        value = _one(name, schema, source, required=required)
        if not isinstance(value, _Missing):
            return value
    return MISSING


def _one(name: str, schema: JsonSchema, source: Source, *, required: bool) -> Json:
    types = types_of([schema])
    values: Iterator[Json] = iter(())
    if "const" in schema:
        values = iter([schema["const"]] if required else ())
    elif {"enum", "pattern", "format"} & schema.keys():
        values = matches(schema, source)
    elif types <= {"integer", "number"}:
        values = _numbers(name, schema, source)
    elif types == {"array"} and isinstance(schema.get("items"), dict):
        values = filter(None, [list(_strings(schema["items"], source))])
    elif types == {"object"} and required and schema.get("properties"):
        values = filter(None, [fill(schema, source)])
    return next(values, MISSING)


def _enum(values: Sequence[Json], source: Source) -> Iterator[str]:
    lowered = " ".join(["", *re.findall(r"[\w-]+", source.text.lower()), ""])
    for value in values:
        words = " ".join(re.findall(r"[^\W_]+", str(value).lower()))
        if isinstance(value, str) and words and (f" {words} " in lowered or f" {value.lower()} " in lowered):
            yield value


def _strings(schema: JsonSchema, source: Source) -> Iterator[str]:
    """Strings that the schema's pattern or format picks out; free text is never guessed."""
    strong = schema.get("format") in STRONG_FORMATS or specific(schema.get("pattern"), ACRONYMS)
    for words, value in _candidates(schema, source):
        if value not in source.taken and not violations(schema, value):
            source.taken.add(value)
            source.words.append(words)
            source.strong += [value] if strong else []
            yield value


def _candidates(schema: JsonSchema, source: Source) -> Iterator[tuple[str, str]]:
    """Words of the text, and the value that they stand for."""
    wanted, pattern = schema.get("format"), schema.get("pattern")
    for span in source.spans():
        if wanted in FORMATS:
            value = span if FORMATS[wanted].fullmatch(span) else _date(span) if wanted == "date" else None
        else:
            value = _matching(str(pattern), span) if specific(pattern) else None
        if value is not None:
            yield span, value


def specific(pattern: Json, ordinary: Sequence[str] = PROBES) -> bool:
    """Whether a pattern tells its values from ordinary words and plain numbers."""
    if not isinstance(pattern, str):
        return False
    try:
        return not any(re.search(pattern, probe) for probe in ordinary)
    except re.error:
        return False


def _matching(pattern: str, span: str) -> str | None:
    """The span if the whole of it matches, a code also in the other case."""
    forms = (span, span.upper(), span.lower()) if any(char.isdigit() for char in span) else (span,)
    return next((form for form in forms if re.fullmatch(pattern, form)), None)


def _date(span: str) -> str | None:
    bare = re.sub(r"(?<=\d)(?:st|nd|rd|th)\b|,", "", span)
    for pattern in SPOKEN_DATES:
        try:
            return datetime.strptime(bare, pattern).replace(tzinfo=UTC).date().isoformat()
        except ValueError:
            continue
    return None


def _numbers(name: str, schema: JsonSchema, source: Source) -> Iterator[int | float]:
    """A number with the argument's name nearby, or an amount of money where the name means one."""
    for number in numbers(set(name_terms(name)), source.text[: MAX_TOKENS * MAX_TOKEN_CHARS]):
        if str(number) not in source.taken and not violations(schema, number):
            source.taken.add(str(number))
            yield number


def numbers(named: set[str], text: str) -> list[int | float]:
    """The numbers of a text that have one of the named terms nearby, or that are money where money is named.

    The closest come first; percentages are none.
    """
    money = bool(named & stems(MONEY_NAMES))
    found: list[tuple[int, int, int | float]] = []
    for match in NUMBER.finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        near = [
            terms(word) for word in (*after.split()[:NEARBY_WORDS], *before.split()[: -NEARBY_WORDS - 1 : -1])
        ]
        distance = next((at for at, word in enumerate(near) if named & set(word)), None)
        priced = CURRENCY.match(after.lstrip()) or CURRENCY.search(before.rstrip()[-6:])
        if after.lstrip().startswith("%") or (distance is None and not (money and priced)):
            continue
        number = float(match[0].replace(",", ""))
        value = int(number) if number.is_integer() else number
        rank = -1 if money and priced else NEARBY_WORDS if distance is None else distance
        found.append((rank, match.start(), value))
    return [value for _, _, value in sorted(found)]


def matches(schema: JsonSchema, source: Source) -> Iterator[Json]:
    """Values of a text that an enum, a pattern or a format picks out."""
    if "enum" in schema:
        yield from _enum(schema["enum"], source)
    else:
        yield from _strings(schema, source)
