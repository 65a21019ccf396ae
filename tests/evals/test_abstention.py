import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evals.abstention import MOST_TURNED_AWAY, NAMES, Pair, auc, fit, main, measure, rate, report
from evals.collection import Collection
from models.embeddings.names import resolve
from models.offline.abstention import CALIBRATION, Signals, calibration
from state.errors import UsageError

TOPICS = {
    "chunkeval": ["tea is brewed at eighty degrees", "oolong grows in taiwan", "matcha is ground in mills"],
    "cranfield": [
        "a wing stalls at high angle",
        "supersonic flow heats the nose",
        "flutter destroys a panel",
    ],
    "npl": ["a transistor amplifies a signal", "aerials receive radio waves", "cores remember binary digits"],
    "scifact": [
        "insulin lowers blood sugar",
        "statins reduce cholesterol",
        "malaria is spread by mosquitoes",
    ],
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("collections")
    for name, texts in TOPICS.items():
        (root / name).mkdir()
        records = [{"_id": str(at), "title": "", "text": f"{text}."} for at, text in enumerate(texts)]
        written(root / name / "corpus.jsonl.gz", records)
        written(
            root / name / "queries.jsonl.gz", [{**record, "_id": f"q{record['_id']}"} for record in records]
        )
        lines = [f"q{at}\t{at}\t1" for at in range(len(texts))]
        (root / name / "qrels.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *lines]))
    return root


def written(path: Path, records: list[dict[str, Any]]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)


def made(kind: str, similarity: float, count: int, collection: str = "a") -> list[Pair]:
    steps = np.linspace(-0.1, 0.1, count)
    signals = [Signals(similarity + float(step), similarity / 2 - float(step) / 3) for step in steps]
    return [Pair(collection, f"{kind}{at}", kind, one) for at, one in enumerate(signals)]


PAIRS = [
    pair
    for name in ("a", "b")
    for kind, similarity in (("answerable", 0.7), ("removed", 0.6), ("elsewhere", 0.2))
    for pair in made(kind, similarity, 60, name)
]


def test_a_rate_has_its_wilson_interval() -> None:
    found = rate(3, 10)
    assert (found.share, found.low, found.high, found.n) == (0.3, 0.1078, 0.6032, 10)
    assert (rate(0, 0).share, rate(0, 0).high) == (0.0, 1.0)


def test_auc_counts_ties_half() -> None:
    positive = np.array([True, True, False, False])
    assert auc(np.array([4.0, 3.0, 2.0, 1.0]), positive) == 1.0
    assert auc(np.array([1.0, 3.0, 2.0, 1.0]), positive) == (0.5 + 0 + 1 + 1) / 4
    assert np.isnan(auc(np.array([1.0]), np.array([True])))


def test_the_threshold_keeps_its_promise_on_the_fitting_half() -> None:
    fitted = fit(PAIRS)
    found = measure(fitted, PAIRS)
    assert found["abstains_though_answerable"]["share"] <= MOST_TURNED_AWAY
    assert found["auc_elsewhere"] == 1.0
    assert found["answers_elsewhere"]["share"] == 0.0
    assert fitted.weights.similarity > 0


def test_a_query_is_in_one_half_only() -> None:
    halves = {(pair.collection, pair.query): {pair.fits, pair._replace(kind="x").fits} for pair in PAIRS}
    assert all(len(sides) == 1 for sides in halves.values())
    assert report(PAIRS)["pairs"] == {
        "fitted": sum(pair.fits for pair in PAIRS),
        "held_out": sum(not pair.fits for pair in PAIRS),
    }


def test_a_collection_is_cut_searched_and_searched_without_the_answer(data: Path, tmp_path: Path) -> None:
    embedder = resolve()
    collection = Collection(data / "scifact", embedder, tmp_path)
    query = collection.queries[0]
    vector = embedder.embed([query.text])[0]
    assert [piece.document for piece in collection.search(query.text, vector, 1)] == ["0"]
    assert "0" not in {piece.document for piece in collection.search(query.text, vector, 3, without=query)}
    assert len(list(tmp_path.glob("*.npy"))) == 1
    assert Collection(data / "scifact", embedder, tmp_path).digest() == collection.digest()


def test_spans_answer_by_overlap(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "spans"
    folder.mkdir()
    for name in ("corpus.jsonl.gz", "queries.jsonl.gz"):
        (folder / name).write_bytes((data / "npl" / name).read_bytes())
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tstart\tend\nq1\t1\t5\t9\nq2\t2\t500\t900\n")
    collection = Collection(folder, resolve())
    assert [[query.answered_by(piece) for piece in collection.pieces] for query in collection.queries] == [
        [False, True, False],
        [False, False, False],
    ]


def test_the_command_prints_one_report(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = CALIBRATION.read_bytes()
    assert main(["--data", str(data)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert set(printed["by_collection"]) == set(NAMES)
    assert printed["data"].keys() == set(NAMES)
    assert CALIBRATION.read_bytes() == before


def test_missing_data_says_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--data"):
        main(["--data", str(tmp_path)])


def test_what_is_shipped_is_what_was_measured() -> None:
    shipped = json.loads(CALIBRATION.read_text(encoding="utf-8"))
    assert calibration().threshold == shipped["threshold"]
    assert set(shipped["data"]) == set(NAMES)
    card = CALIBRATION.with_suffix(".md").read_text(encoding="utf-8")
    for name in ("abstains_though_answerable", "answers_elsewhere", "answers_removed"):
        rate = shipped["held_out"][name]
        share, low, high = (f"{rate[key]:.3f}"[1:] for key in ("share", "low", "high"))
        assert f"| {share} | {low}–{high} | {rate['n']} |" in card
    assert shipped["held_out"]["auc_elsewhere"] > 0.95
    assert shipped["held_out"]["abstains_though_answerable"]["share"] < 0.2
    assert shipped["held_out"]["answers_elsewhere"]["share"] < 0.1
