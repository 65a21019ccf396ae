"""Runs as LangSmith writes them: one JSON object each, with fields of its own that are kept."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from pydantic import ValidationError

from models.redaction import Redactor
from state.schema import Json
from state.trace import Run

FIELDS = tuple(Run.model_fields)
KEPT = "langsmith"
"""Key in a run's `extra` for what a `Run` has no field for: `{fields, absent}`."""

IDENTITY = frozenset(
    {"id", "trace_id", "dotted_order", "parent_run_id", "run_type", "start_time", "end_time"}
)
"""Fields that hold no text of anybody's."""


def redacted(line: Json, redactor: Redactor) -> Json:
    """The line without secrets and personal data; what says which run it is stays."""
    if not isinstance(line, dict):
        return line
    children = line.get("child_runs")
    nested = (
        {"child_runs": [redacted(one, redactor) for one in children]} if isinstance(children, list) else {}
    )
    rest = {name: value for name, value in line.items() if name not in nested}
    return {name: value if name in IDENTITY else redactor(value) for name, value in rest.items()} | nested


def runs_of(line: Json) -> Iterator[Run]:
    """The run in a line, and those in its `child_runs`, parents first.

    Raises:
        ValueError: it is no run.
    """
    yield from _runs(line, None)


def line_of(run: Run) -> dict[str, Json]:
    """The line that a run was read from; that of a run of our own is its fields."""
    fields: dict[str, Json] = run.model_dump(mode="json")
    kept = run.extra.get(KEPT)
    if not isinstance(kept, Mapping) or not isinstance(kept.get("fields"), Mapping):
        return fields
    fields["extra"] = {name: value for name, value in run.extra.items() if name != KEPT}
    present = {name: value for name, value in fields.items() if name not in kept["absent"]}
    return {**present, **kept["fields"]}


def _runs(line: Json, parent: Run | None) -> Iterator[Run]:
    if not isinstance(line, dict):
        raise ValueError("it is no object")
    children = line.get("child_runs") or ()
    run = _run({name: value for name, value in line.items() if name != "child_runs"}, parent)
    yield run
    for child in children if isinstance(children, list) else ():
        yield from _runs(child, run)


def _run(line: dict[str, Json], parent: Run | None) -> Run:
    given = {name: line[name] for name in FIELDS if line.get(name) is not None}
    try:
        run = Run.model_validate({**_derived(given, parent), **_dated(given)})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    written = run.model_dump(mode="json")
    fields = {name: value for name, value in line.items() if name not in written or written[name] != value}
    absent = [name for name in FIELDS if name not in line]
    if not fields and not absent:
        return run
    if KEPT in run.extra:
        fields["extra"] = line["extra"]
    return run.model_copy(update={"extra": {**run.extra, KEPT: {"fields": fields, "absent": absent}}})


def _derived(given: Mapping[str, Json], parent: Run | None) -> dict[str, Json]:
    """What older exports leave out: a root is its own trace, and times give the order."""
    name, start = str(given.get("id", "")), given.get("start_time")
    derived: dict[str, Json] = {"name": "", "run_type": "chain"}
    if parent is not None:
        derived |= {"trace_id": parent.trace_id, "parent_run_id": parent.id}
    elif "parent_run_id" not in given:
        derived["trace_id"] = name
    if isinstance(start, str) and "dotted_order" not in given:
        own = f"{start}{name}"
        derived["dotted_order"] = f"{parent.dotted_order}.{own}" if parent else own
    return derived


def _dated(given: dict[str, Json]) -> dict[str, Json]:
    """The fields, with UTC where a time has no zone."""
    return given | {name: _utc(given[name]) for name in ("start_time", "end_time") if name in given}


def _utc(time: Json) -> Json:
    if not isinstance(time, str):
        return time
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return time
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
