"""`warrant eval retrieval`, as a user runs it: files of a tiny collection, printed text, exit codes."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli import cli
from evals.retrieval.results import read, write
from state.errors import UsageError
from state.settings import settings

TEXTS = {
    "otters": "Otters live in rivers and eat fish. They hold hands while they sleep.",
    "badgers": "Badgers dig setts. A badger sleeps by day and eats earthworms at night.",
    "espresso": "An espresso machine needs descaling every three months.",
    "tides": "The tide follows the moon; spring tides come at new and full moon.",
}
QUERIES = {
    "q1": "What do otters eat?",
    "q2": "When is a badger asleep?",
    "q3": "How often must a coffee machine be descaled?",
    "q4": "Who wrote the constitution?",
}
HEAD = "query-id\tcorpus-id\tscore\n"
QRELS = f"{HEAD}q1\totters\t2\nq1\tbadgers\t1\nq2\tbadgers\t1\nq3\tespresso\t1\nq4\ttides\t0\n"
Warrant = Callable[..., Result]


@pytest.fixture
def warrant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warrant]:
    """Run in a folder with the collection; a `UsageError` is raised, as `main` gets it."""
    lines = [json.dumps({"_id": one, "title": one.title(), "text": text}) for one, text in TEXTS.items()]
    (tmp_path / "corpus.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    lines = [json.dumps({"_id": one, "text": text}) for one, text in QUERIES.items()]
    (tmp_path / "queries.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "qrels.tsv").write_text(QRELS, encoding="utf-8")
    monkeypatch.setenv("WARRANT_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    monkeypatch.chdir(tmp_path)
    yield run
    settings.cache_clear()


def run(*args: str) -> Result:
    files = {"--corpus": "corpus.jsonl.gz", "--queries": "queries.jsonl", "--qrels": "qrels.tsv"}
    rest = [part for name, file in files.items() if name not in args for part in (name, file)]
    return CliRunner().invoke(cli, ["eval", "retrieval", *rest, *args], catch_exceptions=False)


def test_what_is_printed(warrant: Warrant) -> None:
    found = warrant()
    assert found.exit_code == 0
    assert "nDCG@10       1.0000  [1.0000, 1.0000]" in found.stdout
    assert "3 queries (1 without a relevant document left out), 5 judgements" in found.stdout
    assert "milliseconds per query, p50 / p95: embedding" in found.stdout
    assert "index: " in found.stdout
    assert not Path("home").exists()


def test_json_and_out(warrant: Warrant) -> None:
    found = warrant("--json", "--out", "new.jsonl")
    printed = json.loads(found.stdout)["measured"]
    assert set(printed["metrics"]) == {
        "ndcg_at_10",
        "recall_at_10",
        "recall_at_100",
        "mrr_at_10",
        "precision_at_10",
    }
    assert printed["metrics"]["precision_at_10"]["mean"] == pytest.approx((2 + 1 + 1) / 30)
    assert printed["search_ms"]["p50"] > 0
    kept = read(Path("new.jsonl"))
    assert kept.header.embedding == "minilm"
    assert kept.header.index_passages == 4
    assert kept.queries[0].documents[:2] == ("otters", "badgers")
    assert set(kept.header.digests) == {"corpus", "queries", "qrels"}


def test_comparing(warrant: Warrant) -> None:
    warrant("--out", "base.jsonl")
    same = warrant("--compare", "base.jsonl")
    assert same.exit_code == 0
    assert "No regression. Against base.jsonl, 3 queries." in same.stdout
    assert "all 3 cases gave the same" in same.stdout


def test_a_worse_run_of_another_system(warrant: Warrant) -> None:
    names = [f"q{at}" for at in range(20)]
    queries = [json.dumps({"_id": one, "text": one}) for one in names]
    Path("many.jsonl").write_text("\n".join(queries), encoding="utf-8")
    Path("many.tsv").write_text("".join(f"{one}\totters\t1\n" for one in names), encoding="utf-8")
    good = "".join(f"{one} Q0 otters 1 2.0 x\n{one} Q0 tides 2 1.0 x\n" for one in names)
    Path("good.trec").write_text(good, encoding="utf-8")
    Path("bad.trec").write_text(good.replace(" 2.0 ", " 0.5 "), encoding="utf-8")
    files = ("--queries", "many.jsonl", "--qrels", "many.tsv")
    assert warrant(*files, "--run", "good.trec", "--out", "good.jsonl").exit_code == 0
    bad = warrant(*files, "--run", "bad.trec", "--compare", "good.jsonl", "--out", "bad.jsonl", "--json")
    assert bad.exit_code == 1
    compared = json.loads(bad.stdout)["compared"][0]
    assert compared["decision"] == "regression"
    assert compared["metrics"][0]["worse"] == 20
    better = warrant(*files, "--run", "good.trec", "--compare", "bad.jsonl")
    assert better.exit_code == 0
    recall = ("--metric", "recall_at_10")
    assert warrant(*files, "--run", "bad.trec", "--compare", "good.jsonl", *recall).exit_code == 0


def test_too_few_queries_to_tell(warrant: Warrant) -> None:
    warrant("--out", "base.jsonl")
    Path("bad.trec").write_text("q1 Q0 tides 1 1 x\n", encoding="utf-8")
    assert warrant("--run", "bad.trec", "--compare", "base.jsonl").exit_code == 3


def test_an_index_is_kept_and_taken_again(warrant: Warrant) -> None:
    first = warrant("--index", "kept", "--json")
    again = warrant("--index", "kept", "--json")
    ranked = [json.loads(one.stdout)["measured"]["metrics"] for one in (first, again)]
    assert ranked[0] == ranked[1]
    Path("other.jsonl").write_text('{"_id": "otters", "text": "Otters."}\n', encoding="utf-8")
    Path("other.tsv").write_text("q1\totters\t1\n", encoding="utf-8")
    with pytest.raises(UsageError, match="holds the index of another corpus"):
        warrant("--corpus", "other.jsonl", "--qrels", "other.tsv", "--index", "kept")
    Path("full").mkdir()
    Path("full/file.txt").touch()
    with pytest.raises(UsageError, match="holds something else"):
        warrant("--index", "full")


def test_spans_of_a_folder_of_documents(warrant: Warrant) -> None:
    folder = Path("texts/below")
    folder.mkdir(parents=True)
    for name, text in TEXTS.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    start = TEXTS["otters"].index("eat fish")
    Path("spans.tsv").write_text(f"q1\tbelow/otters.txt\t{start}\t{start + 8}\n", encoding="utf-8")
    found = warrant("--corpus", "texts", "--qrels", "spans.tsv", "--json")
    metrics = json.loads(found.stdout)["measured"]["metrics"]
    assert {name: metrics[name]["mean"] for name in ("hit_at_1", "recall_in_2000")} == {
        "hit_at_1": 1,
        "recall_in_2000": 1,
    }
    assert 0 < metrics["density_in_2000"]["mean"] < 0.1


WRONG: list[tuple[str, dict[str, str], str]] = [
    ("an unknown document", {"qrels.tsv": "q1\tdodos\t1\n"}, "judges the document 'dodos'"),
    ("an unknown query", {"qrels.tsv": "q9\totters\t1\nq8\totters\t1\n"}, "'q8' and 1 more"),
    ("nothing relevant", {"qrels.tsv": "q1\totters\t0\n"}, "Nothing is relevant"),
    ("no query", {"queries.jsonl": ""}, "There is no query"),
    ("a query without a text", {"queries.jsonl": '{"_id": "q1"}'}, "line 1: the query has no `text`"),
    ("no JSON", {"queries.jsonl": "q1: what?"}, "line 1:"),
    ("no id", {"queries.jsonl": '{"text": "what?"}'}, "it has no `_id`"),
    ("no document", {"corpus.jsonl.gz": ""}, "There is no document"),
]


@pytest.mark.parametrize(("files", "problem"), [one[1:] for one in WRONG], ids=[one[0] for one in WRONG])
def test_what_is_wrong_is_said(warrant: Warrant, files: dict[str, str], problem: str) -> None:
    for name, text in files.items():
        Path(name).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        warrant()
    assert problem in str(error.value)
    assert error.value.way_out


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("q1 otters 1\n", "line 1"),
        ("other Q0 otters 1 1 x\n", "answers none"),
    ],
)
def test_a_run_that_is_none(warrant: Warrant, text: str, problem: str) -> None:
    Path("run.trec").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=problem):
        warrant("--run", "run.trec")


def test_comparing_what_cannot_be_compared(warrant: Warrant) -> None:
    warrant("--out", "base.jsonl")
    kept = read(Path("base.jsonl"))

    def put(**header: Any) -> None:
        changed = kept.header.model_copy(update=header)
        write(Path("base.jsonl"), kept.model_copy(update={"header": changed}))

    with pytest.raises(UsageError, match="There is no measure 'speed'"):
        warrant("--compare", "base.jsonl", "--metric", "speed")
    put(gain="exponential")
    with pytest.raises(UsageError, match="exponential gain"):
        warrant("--compare", "base.jsonl")
    put(digests={**kept.header.digests, "qrels": "sha256:other"})
    with pytest.raises(UsageError, match="other qrels"):
        warrant("--compare", "base.jsonl")
    Path("base.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="is no measurement"):
        warrant("--compare", "base.jsonl")
