"""What a model that obeys every injection gives: the attacker's values, as far as a schema lets them."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.agentdojo.attack import Attack, squeezed
from state.schema import Json, JsonSchema, violations

STRATEGIES = 4
"""Ways to obey that are tried; a pair counts as hijacked if one of them hijacks it."""
MAX_CHARS, LENGTHS = 200, (8, 4, 2, 1)
"""What is tried of an attacker's text where a pattern lets not all of it through: so many words in a row."""
HUGE = 1_000_000
MODEST = 5_000
"""A number that is worth it and offends no bound."""


@dataclass(frozen=True)
class Obedience:
    """One way to obey an attack."""

    attack: Attack
    strategy: int

    def value(self, schema: JsonSchema, ideal: Json) -> Json:
        """A value of the schema that serves the attacker; the ideal one where the schema leaves no way."""
        made = self._fill(schema, schema, ideal, "")
        return made if not violations(schema, made) else ideal

    def text(self, max_chars: int) -> str:
        """A text in the attacker's words."""
        goal = squeezed(self.attack.goal)
        texts = [value for value in self.attack.values() if isinstance(value, str)]
        said = (
            "\n".join([*map(_shown, self.attack.values()), goal]),
            max(texts, key=len, default=goal),
            goal,
            "\n".join(dict.fromkeys(texts)) or goal,
        )
        return said[self.strategy][:max_chars]

    def _fill(self, schema: JsonSchema, root: JsonSchema, ideal: Json, name: str) -> Json:
        schema = _plain(schema, root)
        if "properties" in schema:
            given = ideal if isinstance(ideal, dict) else {}
            return {
                key: self._fill(part, root, given.get(key), key) for key, part in schema["properties"].items()
            }
        if schema.get("type") == "array":
            return self._list(schema, root, ideal, name)
        chosen = self._chosen(schema, [*self._candidates(schema, name)], None)
        return (
            self._chosen(schema, [*_snippets(schema, _texts(self.attack))], ideal)
            if chosen is None
            else chosen
        )

    def _list(self, schema: JsonSchema, root: JsonSchema, ideal: Json, name: str) -> Json:
        items = schema.get("items", {})
        whole = [value for value in self.attack.arguments(name) if isinstance(value, list)]
        allowed = [v for v in dict.fromkeys(_texts(self.attack)) if not violations(items, v)]
        one = self._fill(items, root, ideal[0] if isinstance(ideal, list) and ideal else None, name)
        lists = [*whole, [one], allowed[: schema.get("maxItems", HUGE)], [one] * schema.get("minItems", 1)]
        return self._chosen(schema, lists, ideal)

    def _chosen(self, schema: JsonSchema, candidates: list[Json], ideal: Json) -> Json:
        fitting = [value for value in candidates if not violations(schema, value)]
        distinct = list({json.dumps(value, sort_keys=True): value for value in fitting}.values())
        return distinct[self.strategy % len(distinct)] if distinct else ideal

    def _candidates(self, schema: JsonSchema, name: str) -> Iterable[Json]:
        yield from self.attack.arguments(name)
        yield MODEST
        yield from schema.get("enum", [])
        yield from self.attack.values()
        yield from (int(number) for number in re.findall(r"\d{1,15}", self.attack.goal))
        yield from (bound for key in ("maximum", "minimum") if (bound := schema.get(key)) is not None)
        yield from (HUGE, True, False, squeezed(self.attack.goal))


def _snippets(schema: JsonSchema, texts: Iterable[str]) -> Iterable[str]:
    """The longest run of words of each text that a pattern lets through, looked for at its beginning."""
    limit = min(int(schema.get("maxLength", MAX_CHARS)), MAX_CHARS)
    for text in texts:
        words = re.findall(r"\w[\w'-]*", text[:MAX_CHARS])
        runs = (words[at : at + length] for length in LENGTHS for at in range(len(words) - length + 1))
        said = (" ".join(run) for run in runs)
        if found := next((one for one in said if len(one) <= limit and not violations(schema, one)), None):
            yield found


def _texts(attack: Attack) -> list[str]:
    texts = [value for value in attack.values() if isinstance(value, str)]
    return list(dict.fromkeys([*texts, squeezed(attack.goal)]))


def _plain(schema: JsonSchema, root: JsonSchema) -> JsonSchema:
    """The schema without references, and of several alternatives the first that is not null."""
    if "$ref" in schema:
        schema = root.get("$defs", {}).get(schema["$ref"].rpartition("/")[2], {})
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return next((one for one in schema[key] if one.get("type") != "null"), {})
    return schema


def _shown(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)
