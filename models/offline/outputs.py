"""Readable claims from the JSON that a tool gave, each with exact quotes of it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from models.offline.arithmetic import calculation
from models.offline.clauses import clauses, stems
from models.offline.naming import name_terms, words
from models.offline.prompt import Evidence
from models.offline.units import Unit, units
from models.text import terms
from state.canonical import canonical
from state.draft import DraftClaim, Quote
from state.schema import Json

MAX_JSON = 1_000_000
"""A longer output is read as text."""
MAX_FIELDS = 10
MAX_ITEMS = 5
MAX_QUOTE = 300
LONG_TEXT = 200
"""A longer string is read like a passage."""
NAMING = frozenset({"id", "number", "no", "code", "key", "name"})
MONEY = "amount price total cost sum fee shipping refunded balance paid"


@dataclass(frozen=True)
class Output:
    """What a step gave."""

    evidence: Evidence
    value: Json

    def mentions(self, text: str) -> bool:
        """Whether a value of the output, such as an order number, stands in the text."""
        found = {word.lower() for word in re.findall(r"[\w-]+", text) if any(char.isdigit() for char in word)}
        return any(isinstance(value, str) and value.lower() in found for _, value in leaves(self.value))

    def terms(self) -> set[str]:
        """Stemmed words of its fields and of the tool's name."""
        fields = [name for name, _ in leaves(self.value)]
        return {term for name in (*fields, self.evidence.tool) for term in name_terms(name)}


def output(evidence: Evidence) -> Output | None:
    """The output of a step, or None if the evidence is a passage or no JSON."""
    if not evidence.source.startswith("step:") or len(evidence.text) > MAX_JSON:
        return None
    try:
        return Output(evidence, json.loads(evidence.text))
    except (ValueError, RecursionError):
        return None


def leaves(value: Json, name: str = "", depth: int = 0) -> Iterator[tuple[str, Json]]:
    """The scalars of a JSON value, each with the name of its field."""
    if isinstance(value, dict) and depth < 8:
        for key, part in value.items():
            yield from leaves(part, key, depth + 1)
    elif isinstance(value, list) and depth < 8:
        for part in value[:100]:
            yield from leaves(part, name, depth + 1)
    elif not isinstance(value, dict | list):
        yield name, value


def claims(found: Output, question: str) -> list[DraftClaim]:
    """What the output says about the question; everything in short if it has no field that is asked for."""
    value, evidence = found.value, found.evidence
    if isinstance(value, dict) and {"expression", "result"} <= value.keys():
        return [_calculated(value, evidence, question)]
    if isinstance(value, dict):
        claim = _described(value, evidence, question)
        return [claim] if claim else []
    parts = value if isinstance(value, list) else [value]
    return [claim for part in parts[:MAX_ITEMS] if (claim := _part(part, evidence, question))]


def passages(found: Output) -> list[Unit]:
    """Sentences of the long texts in an output, quoted as they stand in its JSON."""
    long = [value for _, value in leaves(found.value) if isinstance(value, str) and len(value) > LONG_TEXT]
    every = [unit for text in long for unit in units(found.evidence.model_copy(update={"text": text}))]
    escaped = [
        replace(unit, lead="", quote=json.dumps(unit.quote, ensure_ascii=False)[1:-1]) for unit in every
    ]
    return [unit for unit in escaped if unit.quote in found.evidence.text]


def _calculated(value: dict[str, Json], evidence: Evidence, question: str) -> DraftClaim:
    asked = [found for clause in clauses(question) if (found := calculation(clause.core))]
    phrase = next(
        (found.phrase for found in asked if found.expression == value["expression"]), value["expression"]
    )
    text = f"{phrase} is {canonical(value['result'])}."
    return DraftClaim(text=text[0].upper() + text[1:], citations=[_whole(evidence)])


def _described(value: dict[str, Json], evidence: Evidence, question: str) -> DraftClaim | None:
    subject = _subject(value, question)
    shown = [key for key, part in value.items() if key != subject and not _long(part) and key != "currency"]
    wanted = set(terms(question)) - set(name_terms(subject))
    asked = [key for key in shown if set(name_terms(key)) & wanted and not NAMING & set(words(key))]
    keys = list(dict.fromkeys([*asked, *(key for key in shown if key == "status")])) if asked else shown
    keys.sort(key=lambda key: (key not in asked, key != "status", isinstance(value[key], list | dict)))
    keys = [key for key in keys if asked or value[key] not in (None, [], {}, "")][:MAX_FIELDS]
    if not keys:
        return None
    fields = ", ".join(_field(key, value) for key in keys)
    head = f"{' '.join(_noun(subject)).capitalize()} {value[subject]}: " if subject else ""
    quotes = [_quoted(key, value[key], evidence) for key in ([subject] if subject else []) + keys]
    return DraftClaim(text=f"{head}{fields}.", citations=list(dict.fromkeys(quotes)))


def _subject(value: dict[str, Json], question: str) -> str:
    """The field that names what the output is about: an identifier that the question gave."""
    named = [
        key for key, part in value.items() if isinstance(part, str) and part and NAMING & set(words(key))
    ]
    given = [key for key in named if str(value[key]).lower() in question.lower()]
    return next(iter([*given, *named]), "")


def _noun(key: str) -> list[str]:
    return [word for word in words(key) if word not in NAMING] or words(key)


def _field(key: str, value: dict[str, Json]) -> str:
    currency = value.get("currency")
    priced = (
        isinstance(currency, str)
        and isinstance(value[key], int | float)
        and stems(MONEY) & set(name_terms(key))
    )
    return f"{' '.join(words(key))} {_shown(value[key])}" + (f" {currency}" if priced else "")


def _shown(value: Json) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, list):
        return "; ".join(_shown(part) for part in value[:MAX_ITEMS]) or "none"
    if isinstance(value, dict):
        return _object(value)
    return "none" if value is None else canonical(value)


def _object(value: dict[str, Json]) -> str:
    title = next((key for key, part in value.items() if key == "name" and isinstance(part, str)), "")
    rest = ", ".join(f"{' '.join(words(key))} {_shown(part)}" for key, part in value.items() if key != title)
    return f"{value[title]} ({rest})" if title and rest else str(value.get(title, rest))


def _part(value: Json, evidence: Evidence, question: str) -> DraftClaim | None:
    if isinstance(value, dict):
        return _described(value, evidence, question)
    if _long(value):
        return None
    name = " ".join(words(evidence.tool)) or "result"
    said = f"{name.capitalize()}: {_shown(value)}".rstrip(".")
    return DraftClaim(text=f"{said}.", citations=[_whole(evidence)])


def _long(value: Json) -> bool:
    return isinstance(value, str) and len(value) > LONG_TEXT


def _quoted(key: str, value: Json, evidence: Evidence) -> Quote:
    exact = f"{canonical(key)}:{canonical(value)}"
    if exact in evidence.text and len(exact) <= MAX_QUOTE * 4:
        return Quote(passage=evidence.id, quote=exact)
    return _whole(evidence)


def _whole(evidence: Evidence) -> Quote:
    return Quote(passage=evidence.id, quote=evidence.text[:MAX_QUOTE])
