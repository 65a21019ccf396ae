"""The vectors near a query: asked of Chroma where they are many, compared one by one where they are few."""

import sqlite3
from collections import defaultdict
from pathlib import Path
from threading import Lock, Thread

import numpy as np
from numpy.typing import NDArray

from state.errors import WarrantError
from tools.index.local import guard, legs
from tools.index.local.catalogue import NAME, Meta
from tools.index.local.columns import release
from tools.index.local.graphs import Graphs
from tools.index.local.lasting import Lasting
from tools.index.local.legs import Leg
from tools.index.local.view import View
from tools.index.similarity import cosines

MORE = 4
"""So many times more passages are asked for when too many of those that came are no longer there."""
LOAD_SECONDS = 60.0


class Nearest:
    """Searches the vectors of a view; what Chroma does not know, or cannot tell now, is compared exactly."""

    def __init__(self, folder: Path, graphs: Graphs, exact_below: int) -> None:
        self._folder = folder
        self._graphs = graphs
        self._exact_below = exact_below
        self._lock = Lock()
        self._asked = False
        self._opened = -1
        """The count of changes of Chroma's files at which they were opened."""
        self._loading: Thread | None = None
        self._guard = Lasting(folder / guard.NAME, "rwc")
        self._catalogue = Lasting(folder / NAME, "ro")

    def __call__(self, view: View, meta: Meta, query: NDArray[np.float32], count: int) -> Leg:
        """The nearest passages of the view.

        Raises:
            WarrantError: Chroma's server cannot be reached.
        """
        told = self._told(view, meta)
        near = self._ask(view, meta, told, query, count) if told else None
        if near is None:
            found = legs.exact([(part, 0) for part in view.parts], query, count)
            if told:
                for part in view.blocks:
                    release(part.rows.vectors)
            return found
        rest = [(part, part.told if part.label_set in told else 0) for part in view.parts]
        others = legs.exact([one for one in rest if one[1] < len(one[0].rows)], query, count)
        # A passage that Chroma was told only in part of may come from both.
        ids = np.setdiff1d(near.ids, others.ids)
        scores = near.scores[np.searchsorted(near.ids, ids)]
        return legs.ranked(np.concatenate([ids, others.ids]), np.concatenate([scores, others.scores]), count)

    def load(self, view: View, meta: Meta) -> None:
        """Open the graphs of a view now, rather than beside the searches that come next."""
        if told := self._told(view, meta):
            self._load(meta, list(told))

    def close(self) -> None:
        """Let go of the files."""
        if self._loading is not None:
            self._loading.join()
        with self._lock:
            self._opened = -1
            self._graphs.close()
            self._guard.close()
            self._catalogue.close()

    def _told(self, view: View, meta: Meta) -> dict[int, int]:
        """The label sets whose graph is asked, and how many live rows it has."""
        if meta.graphs != self._graphs.url:
            return {}
        told: dict[int, int] = defaultdict(int)
        for part in view.blocks:
            told[part.label_set] += part.told - int(np.searchsorted(part.dead, part.told))
        return {one: rows for one, rows in told.items() if rows >= max(1, self._exact_below)}

    def _ask(
        self, view: View, meta: Meta, told: dict[int, int], query: NDArray[np.float32], count: int
    ) -> Leg | None:
        """What Chroma finds, by id; None if it does not know this version."""
        if self._graphs.url:
            found = self._collect(view, meta, told, query, count)
        else:
            with guard.briefly(self._guard) as held:
                if not held or not self._is_open(meta, list(told)):
                    return None
                found = self._collect(view, meta, told, query, count)
        # Meanwhile a writer may have told Chroma to drop what is still there in this version.
        return found if found is not None and self._current() == meta.told else None

    def _collect(
        self, view: View, meta: Meta, told: dict[int, int], query: NDArray[np.float32], count: int
    ) -> Leg | None:
        found: list[Leg] = []
        for label_set, rows in told.items():
            wanted = min(count, rows)
            leg = self._of(view, meta, label_set, query, wanted)
            if leg is None or len(leg.ids) < wanted:
                leg = self._of(view, meta, label_set, query, MORE * wanted)
            if leg is None or len(leg.ids) < wanted:
                return None
            found.append(leg)
        ids = np.concatenate([leg.ids for leg in found])
        scores = np.concatenate([leg.scores for leg in found])
        order = np.argsort(ids)
        return Leg(ids[order], scores[order])

    def _of(
        self, view: View, meta: Meta, label_set: int, query: NDArray[np.float32], count: int
    ) -> Leg | None:
        near = self._graphs.nearest(meta, label_set, query, count)
        if near is None:
            return None
        located = view.locate(near)
        scores = np.full(len(located.ids), -np.inf)
        for part, rows, places in view.by_part(located):
            if part.label_set == label_set:
                scores[places] = cosines(part.rows.vectors, query, rows)
        known = np.isfinite(scores)
        return Leg(located.ids[known], scores[known])

    def _is_open(self, meta: Meta, label_sets: list[int]) -> bool:
        """Whether the files are open as they are now; if not, that is done beside the next searches."""
        with self._lock:
            if self._opened == meta.told:
                return True
            # A process that searches once has its answer sooner than the graph would be loaded.
            if self._asked and (self._loading is None or not self._loading.is_alive()):
                self._loading = Thread(target=self._load, args=(meta, label_sets))
                self._loading.start()
            self._asked = True
            return False

    def _load(self, meta: Meta, label_sets: list[int]) -> None:
        with guard.shared(self._folder, LOAD_SECONDS) as held:
            if not held or self._current() != meta.told:
                return
            try:
                self._graphs.close()
                for label_set in label_sets:
                    self._graphs.nearest(meta, label_set, np.ones(meta.dimensions, np.float32), 1)
            except WarrantError:
                return  # the searches stay exact, and `warrant index check` says why
            with self._lock:
                self._opened = meta.told

    def _current(self) -> int:
        """The count of changes of Chroma's files as it is now, whatever version is searched."""
        try:
            with self._catalogue.lent() as connection:
                asked = connection.execute("SELECT value FROM meta WHERE key = 'told'")
                return int(asked.fetchone()[0])
        except sqlite3.OperationalError:
            return -1
