"""Order: which calls may come next, in every way in which the calls so far can be matched to a recording."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias

from evals.replay.recording import Place

Key: TypeAlias = tuple[str, str, str]
MOST_WAYS = 256
"""Equal calls at once can be matched in many ways; of more than this, the likeliest are followed."""


class Slot(NamedTuple):
    """A recorded call: what it is, where, and the calls that must come before it, as bits."""

    key: Key
    place: Place
    before: int


@dataclass(frozen=True)
class _Way:
    """One way to match: the recorded calls that have come, and which task of the recording each task is."""

    come: int
    tasks: frozenset[tuple[str, str]] = frozenset()
    alike: int = 0
    """Calls that came where they were recorded; parallel tasks may have been numbered anew."""

    def with_call(self, nth: int, slot: Slot, place: Place) -> "_Way | None":
        """The way with one more call; None if its task is already another one."""
        pair = (place.task, slot.place.task)
        alike = self.alike + (slot.place == place)
        way = replace(self, come=self.come | 1 << nth, alike=alike)
        if not pair[1] or pair in self.tasks:
            return way
        if any(one == pair[0] or other == pair[1] for one, other in self.tasks):
            return None
        return replace(way, tasks=self.tasks | {pair})


@dataclass
class Order:
    """The calls that were recorded and how they may follow each other."""

    slots: Sequence[Slot] = ()
    optional: int = 0
    """Bits of calls that need not come, since they are live."""
    _ways: list[_Way] = field(init=False)

    def __post_init__(self) -> None:
        self._ways = [_Way(self.optional)]

    def take(self, key: Key, place: Place) -> list[int]:
        """Take a call; the recorded calls that it can be, likeliest first, none if there is none."""
        found: dict[_Way, int] = {}
        for way in self._ways:
            for nth in self._ready(way):
                if self.slots[nth].key == key and (longer := way.with_call(nth, self.slots[nth], place)):
                    found.setdefault(longer, nth)
        best = sorted(found, key=lambda way: -way.alike)[:MOST_WAYS]
        self._ways = best or self._ways
        return list(dict.fromkeys(found[way] for way in best))

    def ready(self) -> list[int]:
        """The calls that may come next."""
        return sorted({nth for way in self._ways for nth in self._ready(way)})

    def left(self) -> list[int]:
        """The calls that have not come."""
        return [nth for nth in range(len(self.slots)) if not self._ways[0].come >> nth & 1]

    def _ready(self, way: _Way) -> Iterator[int]:
        for nth, slot in enumerate(self.slots):
            if not way.come >> nth & 1 and not slot.before & ~way.come:
                yield nth
