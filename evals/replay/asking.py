"""Asking: what a recorded call stopped to ask a human, and how many answers it got before it went on."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from langgraph.types import interrupt

from evals.replay.recording import Recorded, Recording
from state.canonical import sameness
from state.schema import Json

QUESTION = re.compile(
    r"Interrupt\(value=(?P<value>.*?), id='(?P<id>[^']*)'"
    r"(?:, response_schema=(?P<schema>.*?))?\)(?=,?\)\)|, Interrupt\()",
    re.DOTALL,
)


class _Call(NamedTuple):
    """What is one call when its task runs again: the nth of those that the task makes alike."""

    task: str
    name: str
    asked: str
    nth: int


class _Shown(str):
    """A question that is no plain JSON: what looks like it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class _Question(NamedTuple):
    """What a call stopped to ask."""

    id: str
    text: str


@dataclass
class Answers:
    """Answers that calls got, over the traces of one thread."""

    _got: Counter[_Call] = field(default_factory=Counter)
    _waiting: dict[_Call, _Question] = field(default_factory=dict)
    """Calls that stopped in the trace before."""

    def taken_up(self, recording: Recording) -> tuple[Recorded, ...]:
        """The calls of the next trace, each with the answers that it takes up."""
        calls = dict(zip(_numbered(recording.calls), recording.calls, strict=True))
        waiting = {key: found for key, call in calls.items() if (found := _stopped(call))}
        self._got.update(self._answered(_resume(recording), waiting))
        self._waiting = waiting
        return tuple(replace(call, answers=self._got[key]) for key, call in calls.items())

    def _answered(self, resume: Json, now: Mapping[_Call, _Question]) -> Iterator[_Call]:
        """The calls that one answer or answers by id went to: of several in a task, those that went on."""
        ids = {one.id for one in self._waiting.values()}
        named = resume.keys() & ids if isinstance(resume, dict) else ()
        together = Counter(call.task for call in self._waiting)
        for call, one in self._waiting.items():
            went_on = together[call.task] == 1 or call not in now or now[call].text != one.text
            if went_on and (one.id in named or not named):
                yield call


def ask_again(call: Recorded) -> None:
    """Take up the answers that the recorded call got, so that the next one who asks gets none of them.

    Raises:
        GraphInterrupt: it stopped to ask.
    """
    for _ in range(call.answers):
        interrupt(None)
    if call.run.status == "interrupted":
        question, schema = _question(call.run.error or "")
        interrupt(question, response_schema=schema)


def _question(error: str) -> tuple[Json, dict[str, Json] | None]:
    """What was asked, out of the error of the run that asked it, and the schema of its answer."""
    match = QUESTION.search(error)
    if match is None:
        return error, None
    schema = _literal(match["schema"] or "None")
    return _literal(match["value"]), schema if isinstance(schema, dict) else None


def _literal(text: str) -> Json:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return _Shown(text)


def _stopped(call: Recorded) -> _Question | None:
    match = QUESTION.search(call.run.error or "") if call.run.status == "interrupted" else None
    return match and _Question(match["id"], match["value"])


def _resume(recording: Recording) -> Json:
    value = recording.root.inputs.get("value")
    return value.get("resume") if isinstance(value, dict) else None


def _numbered(calls: tuple[Recorded, ...]) -> Iterator[_Call]:
    alike: Counter[_Call] = Counter()
    for call in calls:
        first = _Call(call.place.task, call.name, sameness(call.asked), 0)
        yield first._replace(nth=alike[first])
        alike[first] += 1
