"""What a caller learns of documents that they may not read: attempts and leaks, channel by channel.

    python -m benchmarks.leakage --worlds 10

Each world has documents with labels from front matter, sidecar files and path rules, and a canary word in
each. Callers with some of the labels search, open, ask the whole graph, pick up the threads of others, and
are watched while a document is relabelled. Wherever it can be said, what they get is compared with what an
index of only the documents that they may read gives them; and no canary of another document may stand in
any byte that they get. Embeddings are deterministic; nothing is asked of a model.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.leaking import EVERY, World
from benchmarks.leaking_graph import Desk, plain
from state.errors import WarrantError
from state.passage import Passage
from tools.capability import Caller
from tools.documents import open_document
from tools.index.labels import Labels
from tools.index.relabel import label
from tools.index.search import Index

ALL = 200
"""More passages than a world has."""
TOLERANCE = 1e-6
"""Of a score in single precision."""
Held: TypeAlias = frozenset[str]


@dataclass
class Table:
    """How often each channel was tried, and how often it told something."""

    attempts: Counter[str] = field(default_factory=Counter)
    leaks: Counter[str] = field(default_factory=Counter)

    def tried(self, channel: str, *, leaked: bool) -> None:
        """Count one attempt."""
        self.attempts[channel] += 1
        self.leaks[channel] += leaked


@dataclass
class Watch:
    """One caller in one world, beside an index of what they may read."""

    world: World
    held: Held
    only: Index
    table: Table

    def tells(self, *told: object) -> bool:
        """Whether a canary of a document that they may not read stands in what was told."""
        text = repr(told)
        return any(one.canary in text for one in self.world.secret(self.held))

    def search(self, query: str) -> None:
        """Results, order, scores, counts, candidates and the cache, against the index of their own."""
        index, held = self.world.index, self.held
        found, own = self._both(query, ALL, ALL)
        shown = [one.model_dump() for one in found]
        foreign = any(not held.issuperset(one.labels) for one in found)
        self.table.tried("results", leaked=foreign or self.tells(shown))
        self.table.tried("counts", leaked=len(found) != len(own))
        self.table.tried("order", leaked=[one.id for one in found] != [one.id for one in own])
        self.table.tried("scores", leaked=not _equal(found, own))
        few, few_own = self._both(query, 3, 2)
        self.table.tried("candidates", leaked=[one.id for one in few] != [one.id for one in few_own])
        index.search(query, ALL, ALL, EVERY)
        again = [plain(one) for one in index.search(query, ALL, ALL, held)]
        self.table.tried("cache", leaked=again != found)
        for passage in found[:3]:
            text = index.source_text(passage.source, held)
            around = text[max(0, passage.start - 500) : passage.end + 500]
            self.table.tried("neighbours", leaked=self.tells(around))

    def open(self) -> None:
        """Each document, by its name."""
        tool = open_document(self.world.index)
        for source in self.world.sources:
            said = _opened(tool.call, source.path, self.held)
            gone = _opened(tool.call, source.path.with_name("none.md"), self.held)
            may = source.labels <= self.held
            self.table.tried("open_document", leaked=self.tells(said) or may == said.startswith("error"))
            if not may:
                same = said.replace(str(source.path), "X") == gone.replace(
                    str(source.path.with_name("none.md")), "X"
                )
                self.table.tried("errors", leaked=not same)
        own, said = (Desk(one, self.held).search_error("return") for one in (self.only, self.world.index))
        self.table.tried("errors", leaked=own != said)

    def ask(self, query: str) -> None:
        """The whole graph: its answer, its stream, its state, also with guessed citations."""
        foreign = [one.id for one in self.world.index.search("return", ALL, ALL, EVERY)]
        mine = {one.id for one in self.world.index.search("return", ALL, ALL, self.held)}
        guesses = [one for one in foreign if one not in mine][:5]
        told, answer = Desk(self.world.index, self.held).ask(_without_canaries(query), guesses)
        self.table.tried("stream and state", leaked=self.tells(told))
        cited = {one["passage"] for claim in answer["claims"] for one in claim["citations"]}
        self.table.tried("citations", leaked=bool(cited & set(guesses)) or self.tells(answer))

    def resume(self, query: str) -> None:
        """The thread of somebody with all labels, picked up before its answer and for another turn."""
        desk = Desk(self.world.index, EVERY, folder=self.world.folder / "all", rules=self.world.rules)
        secret = self.world.secret(self.held)
        read, told, asked = desk.picked_up(_without_canaries(query), self.held)
        touched = any(one.canary in read for one in secret)
        if touched:
            self.table.tried("resumed thread", leaked=self.tells(told, asked))

    def _both(self, query: str, passages: int, candidates: int) -> tuple[list[Passage], list[Passage]]:
        searched = (self.world.index, self.only)
        found, own = (one.search(query, passages, candidates, self.held) for one in searched)
        return [plain(one) for one in found], [plain(one) for one in own]


def relabelled(world: World, held: Held, query: str, table: Table) -> None:
    """A document that the caller may read gets a label that they lack, while their index is open."""
    readable = world.readable(held)
    lacking = sorted(EVERY - held)
    if not readable:
        return
    source = world.chance.choice(readable)
    world.index.search(query, ALL, ALL, held)
    sidecar = source.path.with_name(f"{source.path.name}.labels.toml")
    before = sidecar.read_bytes() if sidecar.exists() else None
    sidecar.write_text(f"labels = {json.dumps(lacking)}", "utf-8")
    label(world.folder / "all", world.embedder, Labels(world.rules))
    told = repr([one.model_dump() for one in world.index.search(query, ALL, ALL, held)])
    told += _opened(open_document(world.index).call, source.path, held)
    table.tried("relabelled", leaked=source.canary in told)
    if before is None:
        sidecar.unlink()
    else:
        sidecar.write_bytes(before)
    label(world.folder / "all", world.embedder, Labels(world.rules))


def tried(world: World, callers: int, queries: int, table: Table) -> None:
    """Every channel of one world."""
    for nth, held in enumerate(world.callers(callers)):
        watch = Watch(world, held, world.indexed(f"only{nth}", world.readable(held)), table)
        watch.open()
        for query in world.queries(queries):
            watch.search(query)
            watch.ask(query)
            watch.resume(query)
        relabelled(world, held, "return shipping", table)


def measured(worlds: int, callers: int, queries: int, documents: int, seed: int = 0) -> Table:
    """The table of so many random worlds, callers of each and questions of each caller."""
    table = Table()
    for number in range(worlds):
        with tempfile.TemporaryDirectory() as folder:
            world = World(Path(folder), seed + number, documents)
            tried(world, callers, queries, table)
    return table


def _without_canaries(query: str) -> str:
    return " ".join(word for word in query.split() if not word.startswith("canary"))


def _equal(found: Iterable[Passage], own: Iterable[Passage]) -> bool:
    pairs = zip(map(_scores, found), map(_scores, own), strict=False)
    return all(_near(one, other) for one, other in pairs)


def _scores(passage: Passage) -> dict[str, Any]:
    scores = passage.scores.model_dump()
    features = scores.pop("features")
    return {**scores, **features}


def _near(one: dict[str, Any], other: dict[str, Any]) -> bool:
    def close(a: float | None, b: float | None) -> bool:
        return a == b or (a is not None and b is not None and abs(a - b) <= TOLERANCE * max(1.0, abs(a)))

    return one.keys() == other.keys() and all(close(one[key], other[key]) for key in one)


def _opened(call: Callable[..., Any], path: Path, held: Held) -> str:
    try:
        return json.dumps(asyncio.run(call({"source": str(path)}, Caller(held))))
    except WarrantError as error:
        return f"error: {error}"


def _lines(table: Table) -> Iterator[str]:
    yield "| channel | attempts | leaks |"
    yield "|---|---|---|"
    for channel in sorted(table.attempts):
        yield f"| {channel} | {table.attempts[channel]:,} | {table.leaks[channel]:,} |"


def main() -> int:
    """Print the table; 1 if anything leaked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worlds", type=int, default=10)
    parser.add_argument("--callers", type=int, default=3)
    parser.add_argument("--queries", type=int, default=5)
    parser.add_argument("--documents", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    table = measured(given.worlds, given.callers, given.queries, given.documents, given.seed)
    found = {
        one: {"attempts": table.attempts[one], "leaks": table.leaks[one]} for one in sorted(table.attempts)
    }
    sys.stdout.write(json.dumps(found) + "\n" if given.json else "\n".join(_lines(table)) + "\n")
    return int(any(table.leaks.values()))


if __name__ == "__main__":
    sys.exit(main())
