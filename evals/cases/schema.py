"""JSON Schema of a case, for editors: `python -m evals.cases.schema`."""

import json
import sys

from evals.cases.case import Case
from evals.cases.comparators import DEFINITIONS, EXPECTED
from state.schema import JsonSchema

COMPARED = {"ExpectedCall": "args", "ForbiddenCall": "args", "ExpectedAnswer": "data"}
"""Where comparators stand: definition → property that is an object of them."""


def case_schema() -> JsonSchema:
    """JSON Schema (draft 2020-12) of one line of a dataset, comparators included."""
    schema = Case.model_json_schema()
    definitions = schema["$defs"]
    for name, field in COMPARED.items():
        _compare(definitions[name]["properties"][field])
    definitions.update(DEFINITIONS)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _compare(field: JsonSchema) -> None:
    """Say that the values of an object are compared."""
    for one in field.get("anyOf", [field]):
        if one.get("type") == "object":
            one["additionalProperties"] = EXPECTED


if __name__ == "__main__":
    json.dump(case_schema(), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
