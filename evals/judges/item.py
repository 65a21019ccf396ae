"""Items: what a judge judges, and the labels that people gave them."""

import json
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, field_validator

from evals.judges.rubric import Rubric
from evals.packed import UNREADABLE, unpacked, why
from state.canonical import digest
from state.errors import UsageError
from state.plain import not_plain
from state.schema import Json

SHAPE = "See docs/judges.md for the fields of a line."


def _either(*names: str) -> Any:  # noqa: ANN401  pydantic's Field is untyped
    return Field(default=None, validation_alias=AliasChoices(*names))


class Item(BaseModel):
    """One piece of work; of a pair, `answer` and `other`. Fields that no rubric knows are left aside."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Annotated[str, Field(min_length=1)] = "item"
    input: Json = _either("input", "message", "question")
    answer: Json = _either("answer", "response", "a")
    other: Json = _either("other", "b")
    """The second answer, which a pairwise rubric compares with the first."""
    evidence: Json = _either("evidence", "context")
    calls: Json = None
    reference: Json = None

    @field_validator("input", "answer", "other", "evidence", "calls", "reference")
    @classmethod
    def _plain(cls, value: Json) -> Json:
        if problem := not_plain(value):
            raise ValueError(problem)
        return value

    def shown(self, rubric: Rubric, *, swapped: bool = False) -> dict[str, Json]:
        """The sections that the rubric lets a judge see; `swapped` shows the second answer first."""
        plain: dict[str, Json] = {name: getattr(self, name) for name in rubric.sees if name != "answer"}
        if rubric.kind == "binary":
            return {**plain, "answer": self.answer}
        pair = (self.other, self.answer) if swapped else (self.answer, self.other)
        return {**plain, "first": pair[0], "second": pair[1]}


class Labelled(BaseModel):
    """An item and the truth about it."""

    model_config = ConfigDict(frozen=True)

    item: Item
    good: bool
    """Whether people gave it the good label; of a pair, whether the first answer is the better one."""


def read_labels(path: Path, rubric: Rubric) -> list[Labelled]:
    """Labelled items of a JSON Lines file, gzipped or not.

    Raises:
        UsageError: the file cannot be read, a line is none, an id repeats, or all labels are alike.
    """
    found: list[Labelled] = []
    ids = dict[str, int]()
    for number, line in _lines(path):
        labelled = _labelled(line, rubric, f"{path}, line {number}")
        if (first := ids.setdefault(labelled.item.id, number)) != number:
            raise UsageError(
                f"{path}, line {number}: the id {labelled.item.id!r} stands in line {first}.", "Rename one."
            )
        found.append(labelled)
    check_classes(found, str(path))
    return found


def check_classes(labelled: Sequence[Labelled], origin: str) -> None:
    """Refuse labels from which either rate cannot be measured.

    Raises:
        UsageError: there is no label, or all are alike.
    """
    good = sum(one.good for one in labelled)
    if not labelled:
        raise UsageError(f"{origin} holds no labels.", SHAPE)
    if good in (0, len(labelled)):
        which = "good" if good else "bad"
        raise UsageError(
            f"All {len(labelled)} labels of {origin} are {which}: whether the judge can tell cannot be seen.",
            "Add items of the other kind, 50 of each or more.",
        )


def data_digest(labelled: Sequence[Labelled]) -> str:
    """Content hash of labelled items, whatever their order."""
    return digest(sorted(digest(one.model_dump(mode="json")) for one in labelled))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open("rb") as raw, unpacked(raw) as packed, TextIOWrapper(packed, "utf-8-sig") as file:
            yield from ((number, line) for number, line in enumerate(file, 1) if line.strip())
    except UNREADABLE as error:
        raise UsageError(
            f"Cannot read the labels {path}: {why(error)}.",
            "Give a readable JSON Lines file.",
        ) from error


def _labelled(line: str, rubric: Rubric, where: str) -> Labelled:
    try:
        fields = json.loads(line)
        if not isinstance(fields, dict):
            raise UsageError(f"{where} is not an object.", SHAPE)
        item = Item.model_validate(fields)
    except (ValueError, RecursionError) as error:
        problem = _problem(error) if isinstance(error, ValidationError) else str(error)
        raise UsageError(f"{where} is no item: {problem}.", SHAPE) from error
    if item.answer is None or (rubric.kind == "pairwise" and item.other is None):
        wanted = "the answers a and b" if rubric.kind == "pairwise" else "answer (or response)"
        raise UsageError(f"{where} lacks {wanted}.", SHAPE)
    return Labelled(item=item, good=_good(fields, rubric, where))


def _problem(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())


def _good(fields: dict[str, Json], rubric: Rubric, where: str) -> bool:
    """The label, by `supported` where the data has it: its `label` is then a class of its own."""
    value = fields.get("supported", fields.get("label"))
    good, bad = ("a", "b") if rubric.kind == "pairwise" else rubric.labels
    meanings: dict[Json, bool] = {1: True, 0: False, "pass": True, "fail": False, good: True, bad: False}
    if not isinstance(value, str | int) or value not in meanings:
        allowed = ", ".join(dict.fromkeys(map(str, meanings)))
        raise UsageError(f"{where} has the label {value!r:.60}.", f"A label is one of {allowed}.")
    return meanings[value]
