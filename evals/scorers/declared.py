"""Arguments as far as a tool's schema declares them."""

from state.schema import Json, JsonSchema


def declared(value: Json, schema: JsonSchema) -> Json:
    """The value without keys that its schema has no property for, and says nothing else about.

    A tool that takes named arguments does not look at others; a model writes them all the same. Comparators
    are left as they are.
    """
    if isinstance(value, dict) and isinstance(properties := schema.get("properties"), dict):
        free = {"additionalProperties", "patternProperties"} & schema.keys()
        return {
            key: declared(part, _schema(properties.get(key)))
            for key, part in value.items()
            if free or key in properties or key.startswith("$")
        }
    if isinstance(value, list):
        return [declared(part, _schema(schema.get("items"))) for part in value]
    return value


def _schema(part: Json) -> JsonSchema:
    """A part of a schema; what is no object, such as `true`, declares nothing."""
    return part if isinstance(part, dict) else {}
