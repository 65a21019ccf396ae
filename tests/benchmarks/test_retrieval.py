"""The comparison of systems, on a tiny collection of each kind."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.retrieval.kept import Kept
from benchmarks.retrieval.macro import difference, macro
from benchmarks.retrieval.measure import measure
from benchmarks.retrieval.report import drawn, rows
from benchmarks.retrieval.systems import CHUNKED, OURS, SYSTEMS, missing
from evals.retrieval.results import Asked, Header, Measured
from models.embeddings.names import resolve

TEXTS = {
    "otters": "Otters live in rivers and eat fish. They hold hands while they sleep.",
    "badgers": "Badgers dig setts. A badger sleeps by day and eats earthworms at night.",
    "espresso": "An espresso machine needs descaling every three months.",
    "nothing": "",
}


def put(folder: Path, qrels: str) -> Path:
    def packed(name: str, lines: list[dict[str, Any]]) -> None:
        (folder / name).write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))

    folder.mkdir()
    packed("corpus.jsonl.gz", [{"_id": one, "title": "", "text": text} for one, text in TEXTS.items()])
    packed("queries.jsonl.gz", [{"_id": "q1", "text": "rivers: fish?"}, {"_id": "q2", "text": "descaling"}])
    (folder / "qrels.tsv").write_text(qrels, encoding="utf-8")
    return folder


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what is compared
@pytest.mark.parametrize(
    ("systems", "qrels", "metrics"),
    [
        (SYSTEMS, "q1\totters\t1\nq2\tespresso\t1\n", ("ndcg_at_10", "recall_at_100", "mrr_at_10")),
        (
            CHUNKED,
            "q1\totters\t24\t35\nq2\tespresso\t0\t40\n",
            ("recall_in_2000", "hit_at_1", "density_in_2000"),
        ),
    ],
    ids=["documents", "spans"],
)
def test_every_system_finds_what_is_easy(
    tmp_path: Path, systems: dict[str, Any], qrels: str, metrics: tuple[str, ...]
) -> None:
    here = {name: build for name, build in systems.items() if not missing(name)}
    found = {"tiny": measure(put(tmp_path / "tiny", qrels), here, resolve(), tmp_path / "cache")}
    table = rows(found, metrics)
    assert [row.system for row in table] == list(here)
    firsts = {row.system: row.macro[metrics[0]] for row in table}
    # `fish?` is no `fish.` to a tokenizer that splits at spaces.
    splitting = {name for name in firsts if name.startswith(("BM25Retriever", "EnsembleRetriever"))}
    assert {name for name, value in firsts.items() if value < 1} <= splitting
    assert min(firsts.values()) > 0
    assert table[0].ours_minus_it is None
    assert table[0].collections["tiny"].search_cpu_ms is not None
    first, rest = drawn("tiny", table, metrics)
    assert (first.row_count, rest.row_count) == (len(here), len(here))
    assert list((tmp_path / "cache" / "tiny").glob("*.npz"))


def test_vectors_are_kept(tmp_path: Path) -> None:
    first = Kept(resolve(), tmp_path)
    vectors = first.embed(["one", "two", "one"])
    first.save()
    again = Kept(resolve(), tmp_path)
    assert np.array_equal(again.embed(["two", "one", "two"]), vectors[[1, 0, 1]])
    again.save()
    assert len(list(tmp_path.iterdir())) == 1
    assert again.embed([]).shape == (0, 384)
    assert again.count_tokens("two words") == 2


def measured(values: list[float]) -> Measured:
    asked = [
        Asked(query=str(at), metrics={"m": value}, documents=(), judged_at_10=1)
        for at, value in enumerate(values)
    ]
    return Measured(header=Header(system="s", digests={}, judgements=1), queries=tuple(asked))


def test_collections_count_the_same_whatever_their_size() -> None:
    base = {"small": measured([0.0, 0.0]), "large": measured([0.5] * 20)}
    new = {"small": measured([1.0, 1.0]), "large": measured([0.5] * 20)}
    assert macro(new, "m") == 0.75
    assert difference(base, new, "m") == difference(base, new, "m")
    assert difference(base, new, "m").mean == 0.5
    assert difference(base, new, "m").low == difference(base, new, "m").high == pytest.approx(0.5)


def test_the_interval_of_a_difference_is_paired() -> None:
    values = np.random.default_rng(1).random(30).tolist()
    found = difference({"one": measured(values)}, {"one": measured([one + 0.1 for one in values])}, "m")
    assert found.high - found.low == pytest.approx(0, abs=1e-9)


def test_ours_comes_first() -> None:
    assert next(iter(SYSTEMS)) == next(iter(CHUNKED)) == OURS
