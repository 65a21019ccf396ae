"""Filling the caller's own JSON Schema from claims and tool outputs; what they do not give is left out."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models.offline import arguments
from models.offline.arguments import MISSING, Source, matches
from models.offline.clauses import stems
from models.offline.naming import name_terms, words
from models.offline.outputs import Output
from models.offline.rarity import coverage, weights
from models.offline.relevance import Question, rank
from models.offline.units import Unit
from models.offline.vectors import Remembered
from models.text import terms
from state.draft import DraftClaim
from state.schema import Json, JsonSchema, violations
from state.subschema import schema_at, types_of

MAX_DEPTH = 6
MAX_PROPERTIES = 100
MIN_COVERAGE = 0.5
"""A sentence beyond the claims must hold this share of the field's words."""
WHOLE = "answer summary text response result reply content message conclusion explanation"
HEDGED = re.compile(
    r"\b(?:if|unless|only|except|may|might|can|could|should|would|some|until|or)\b", re.IGNORECASE
)
NEGATIVE = re.compile(r"\b(?:not|no|never|cannot|none|nothing|without)\b|n't\b", re.IGNORECASE)


@dataclass(frozen=True)
class Facts:
    """Everything that a field may be filled from."""

    question: str
    claims: Sequence[DraftClaim]
    outputs: Sequence[Output]
    passages: Sequence[Sequence[Unit]]
    embedder: Remembered

    def sentences(self, field: str) -> list[str]:
        """Claims and, where the passages have one that names the field, its best sentence; best first."""
        if not self.claims:
            return []
        wanted = weights(field)
        ranked = rank(Question(field, wanted), self.passages, self.embedder)[:1] if wanted else []
        others = [one.unit.text for one in ranked if coverage(wanted, terms(one.unit.text)) >= MIN_COVERAGE]
        texts = list(dict.fromkeys([*(claim.text for claim in self.claims), *others]))
        return sorted(texts, key=lambda text: -coverage(wanted, terms(text)))


def fill(schema: Json, facts: Facts) -> Json:
    """A value for the schema, or None if nothing can be said; it need not satisfy the schema."""
    if not isinstance(schema, dict):
        return None
    value = _value(schema, "", "", facts)
    return None if value is MISSING else value


def _value(root: JsonSchema, pointer: str, name: str, facts: Facts) -> Json:
    for schema in schema_at(root, pointer) if pointer.count("/") <= MAX_DEPTH else ():
        value = _one(root, schema, pointer, name, facts)
        if value is not MISSING:
            return value
    return MISSING


def _one(root: JsonSchema, schema: JsonSchema, pointer: str, name: str, facts: Facts) -> Json:
    if "const" in schema:
        return schema["const"]
    properties = schema.get("properties")
    types = types_of([schema])
    if name and (found := _of_outputs(root, schema, name, facts)) is not MISSING:
        return found
    if isinstance(properties, dict):
        names = list(properties)[:MAX_PROPERTIES]
        values = {each: _value(root, f"{pointer}/{_escaped(each)}", each, facts) for each in names}
        kept = {each: value for each, value in values.items() if value is not MISSING}
        return kept if kept or not pointer else MISSING
    if types == {"array"}:
        return _array(root, schema, pointer, facts)
    title = "" if name else schema.get("title", "")
    field = " ".join([*words(name), str(schema.get("description", "")), str(title)])
    fitting = (
        value for value in _scalars(schema, name, field.strip(), facts) if not violations(schema, value)
    )
    return next(fitting, MISSING)


def _of_outputs(root: JsonSchema, schema: JsonSchema, name: str, facts: Facts) -> Json:
    """The field of a tool's output with the same name."""
    wanted = {**schema, "$defs": root.get("$defs", {})}
    for output in facts.outputs:
        for key, value in _fields(output.value):
            if name_terms(key) == name_terms(name) != [] and not violations(wanted, value):
                return value
    return MISSING


def _fields(value: Json, depth: int = 0) -> Iterator[tuple[str, Json]]:
    if isinstance(value, dict) and depth < MAX_DEPTH:
        yield from value.items()
        for part in value.values():
            yield from _fields(part, depth + 1)
    elif isinstance(value, list) and depth < MAX_DEPTH:
        for part in value[:MAX_PROPERTIES]:
            yield from _fields(part, depth + 1)


def _array(root: JsonSchema, schema: JsonSchema, pointer: str, facts: Facts) -> Json:
    items = schema_at(root, f"{pointer}/0")
    if not any("string" in types_of([item]) for item in items):
        return MISSING
    texts = [claim.text for claim in facts.claims]
    item = next(item for item in items if "string" in types_of([item]))
    if {"enum", "pattern", "format"} & item.keys():
        texts = list(dict.fromkeys(value for text in texts for value in matches(item, Source(text))))
    fitting = [text for text in texts if not violations(item, text)][: schema.get("maxItems", len(texts))]
    return fitting if fitting and not violations({**schema, "items": True}, fitting) else MISSING


def _scalars(schema: JsonSchema, name: str, field: str, facts: Facts) -> Iterator[Json]:
    types = types_of([schema])
    texts = facts.sentences(field or facts.question)
    if "enum" in schema or (types == {"string"} and {"pattern", "format"} & schema.keys()):
        for text in texts:
            yield from matches(schema, Source(text))
    elif types <= {"number", "integer"}:
        yield from _numbers(name, field, texts, facts)
    elif types == {"boolean"}:
        yield from _stated(name, texts)
    elif "string" in types:
        yield from _texts(name, field, texts, facts)


def _numbers(name: str, field: str, texts: Sequence[str], facts: Facts) -> Iterator[int | float]:
    for output in facts.outputs:
        if isinstance(output.value, dict) and {"expression", "result"} <= output.value.keys():
            yield output.value["result"]
    wanted = set(name_terms(name)) | set(terms(field)) or set(terms(facts.question))
    for text in texts:
        if wanted & set(terms(text)) or not name:
            yield from arguments.numbers(set(name_terms(name)), text)


def _stated(name: str, texts: Sequence[str]) -> Iterator[bool]:
    """Yes or no, where one sentence has all words of the field and neither a condition nor a doubt."""
    wanted = set(name_terms(name))
    for text in texts:
        if wanted and wanted <= set(terms(text)) and not HEDGED.search(text):
            yield not NEGATIVE.search(text)


def _texts(name: str, field: str, texts: Sequence[str], facts: Facts) -> Iterator[str]:
    if facts.claims and (not name or set(name_terms(name)) & stems(WHOLE)):
        yield " ".join(claim.text for claim in facts.claims)
    wanted = weights(field)
    yield from (text for text in texts if coverage(wanted, terms(text)) > 0 or (not name and text))


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
