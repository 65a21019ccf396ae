"""Records of one kind, copied when they are first changed."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy

from state.schema import Json


class Records(Mapping[str, Json]):
    """Id → record; all worlds share the seed's records, and each has its own of those that it changed."""

    def __init__(self, seed: Mapping[str, Json]) -> None:
        self._seed = seed
        self._own: dict[str, Json] = {}

    def __getitem__(self, key: str) -> Json:
        """A record to read; who changes it changes it for every world."""
        return self._own[key] if key in self._own else self._seed[key]

    def __contains__(self, key: object) -> bool:
        return key in self._own or key in self._seed

    def __iter__(self) -> Iterator[str]:
        yield from self._seed
        yield from (key for key in self._own if key not in self._seed)

    def __len__(self) -> int:
        return len(self._seed) + sum(key not in self._seed for key in self._own)

    def edit(self, key: str) -> Json:
        """The world's own copy of a record, to be changed in place."""
        if key not in self._own:
            self._own[key] = deepcopy(self._seed[key])
        return self._own[key]

    def add(self, key: str, record: Json) -> None:
        """Put a record in, in place of one that has this id."""
        self._own[key] = record

    def changed(self) -> dict[str, Json]:
        """The records that are not, or not so, in the seed; 1 and 1.0 are not the same."""
        return {key: deepcopy(own) for key, own in self._own.items() if _text(own) != self._seeded(key)}

    def _seeded(self, key: str) -> str | None:
        return _text(self._seed[key]) if key in self._seed else None


def _text(record: Json) -> str:
    return json.dumps(record, sort_keys=True)
