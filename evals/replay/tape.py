"""Tape: answers the calls of a graph from a recording, until one comes that the recording does not have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Literal, TypeAlias

from evals.replay.asking import Answers
from evals.replay.defaults import without_defaults
from evals.replay.divergence import Divergence, differing, missing
from evals.replay.order import Key, Order, Slot
from evals.replay.recording import Kind, Place, Recorded, Recording
from evals.replay.volatile import Volatile
from state.errors import WarrantError
from state.schema import Json

OnMiss: TypeAlias = Literal["fail", "error", "live"]


class DivergedError(BaseException):
    """Ends a replay; no `except Exception` of the graph holds it up."""


class TapeMissError(WarrantError):
    """What a graph sees of a call that the tape cannot answer, where misses are errors."""


@dataclass(frozen=True)
class Live:
    """What is not answered from the tape, from a call on."""

    models: bool = False
    tools: Callable[[str], bool] = lambda _: False
    start: int = 1
    """Number of the first call that may be live."""

    def covers(self, kind: Kind, name: str) -> bool:
        """Whether a call of this is live."""
        return self.models if kind == "model" else self.tools(name)


@dataclass
class Tape:
    """The recorded calls of one trace after another."""

    volatile: Volatile = field(default_factory=Volatile)
    live: Live = field(default_factory=Live)
    on_miss: OnMiss = "fail"
    diverged: Divergence | None = None
    answered: int = 0
    """Calls that were answered from the recording."""
    through: int = 0
    """Calls that were live."""
    _calls: tuple[Recorded, ...] = ()
    _order: Order = field(default_factory=Order)
    _trace: str = ""
    _given: set[int] = field(default_factory=set)
    _defaults: dict[str, Mapping[str, Json]] = field(default_factory=dict)
    _answers: Answers = field(default_factory=Answers)
    _lock: Lock = field(default_factory=Lock)

    def play(self, recording: Recording) -> None:
        """Answer from this trace from now on."""
        self._calls, self._trace, self._given = self._answers.taken_up(recording), recording.root.id, set()
        slots = [
            Slot(self._key(call.kind, call.name, call.asked), call.place, before)
            for call, before in zip(recording.calls, recording.before, strict=True)
        ]
        live = [self.live.covers(c.kind, c.name) and c.number >= self.live.start for c in self._calls]
        self._order = Order(slots, sum(1 << i for i, one in enumerate(live) if one))

    def ask(
        self, kind: Kind, name: str, asked: Json, place: Place, defaults: Mapping[str, Json] | None = None
    ) -> Recorded | None:
        """The recorded call that this one is; None if it is to be made live.

        Args:
            kind: What is called.
            name: Its name; a model's does not count.
            asked: As in `Recorded`.
            place: Where it is called.
            defaults: What the tool takes for arguments that are left out.

        Raises:
            DivergedError: there is none, and a miss ends the replay.
            TapeMissError: there is none, and a miss is an error.
        """
        with self._lock:
            if defaults and self._defaults.get(name) != defaults:
                self._learn(name, defaults)
            if self.live.covers(kind, name) and self._reached(self.live.start):
                self.through += 1
                return None
            if self.diverged is None and (found := self._take(kind, name, asked, place)):
                self.answered += 1
                return found
            self._miss(kind, name, asked, place)
            return None

    def end(self) -> None:
        """Note what the trace has and the replay did not ask for."""
        if self.diverged is None and (left := self._order.left()):
            self.diverged = missing(self._trace, self._calls[left[0]])

    def _key(self, kind: Kind, name: str, asked: Json) -> Key:
        if kind == "tool":
            asked = without_defaults(asked, self._defaults.get(name, {}))
        return self.volatile.key(kind, name, asked)

    def _learn(self, name: str, defaults: Mapping[str, Json]) -> None:
        """Compare calls of this tool, the recorded ones too, without arguments at their defaults."""
        self._defaults[name] = defaults
        self._order.slots = [
            slot._replace(key=self._key(call.kind, call.name, call.asked)) if call.name == name else slot
            for call, slot in zip(self._calls, self._order.slots, strict=True)
        ]

    def _reached(self, start: int) -> bool:
        return start <= 1 or self.answered + self.through + 1 >= start

    def _take(self, kind: Kind, name: str, asked: Json, place: Place) -> Recorded | None:
        found = self._order.take(self._key(kind, name, asked), place)
        if not found:
            return None
        fresh = [i for i in found if i not in self._given] or found
        self._given.add(fresh[0])
        return self._calls[fresh[0]]

    def _miss(self, kind: Kind, name: str, asked: Json, place: Place) -> None:
        if self.diverged is None:
            key = self._key(kind, name, asked)
            later = any(self._order.slots[i].key == key for i in self._order.left())
            ready = [self._calls[i] for i in self._order.ready()]
            self.diverged = differing(self._trace, (kind, name, asked), str(place), ready, later)
        if self.on_miss == "live":
            self.through += 1
            return
        if self.on_miss == "fail":
            raise DivergedError
        raise TapeMissError(
            f"The recording has no such call of {name or 'a model'} here.", "Replay with --on-miss live."
        )
