"""The golden suite and its baseline fit each other; `make eval` runs it."""

from collections import Counter

from evals.cases.dataset import fingerprint, load, version
from evals.cases.duplicates import pairs
from evals.suites.folder import TRIALS, read_run
from evals.suites.suite import load_suite
from state.settings import PROJECT
from tools.index import files
from tools.index.document import Document
from tools.index.isolation import isolation

FOLDER = PROJECT / "evals" / "suites" / "demo"
KINDS = "answerable unanswerable multi_step arithmetic look-up approval injection schema failure labels"


def test_every_kind_of_request_has_cases() -> None:
    cases = load(load_suite(FOLDER).dataset).cases
    assert len(cases) >= 60
    tags = Counter(tag for case in cases for tag in case.tags)
    assert all(tags[kind] >= 3 for kind in KINDS.split())
    assert {(cases[pair.first].id, cases[pair.second].id) for pair in pairs(cases)} == {
        ("percent", "schema-percent")  # the same question, with and without a schema
    }


def test_the_baseline_is_of_these_cases() -> None:
    cases = load(load_suite(FOLDER).dataset).cases
    info, trials = read_run(FOLDER / "baseline")
    assert info.dataset == version(cases), "run `make eval-baseline`"
    assert info.cases == {case.id: fingerprint(case) for case in cases}
    assert [trial.case for trial in trials] == sorted(case.id for case in cases)
    assert {trial.status for trial in trials} == {"done"}
    assert info.controls["gold"] == 1.0


def test_the_baseline_holds_nothing_of_a_machine() -> None:
    text = (FOLDER / "baseline" / TRIALS).read_text(encoding="utf-8")
    assert '"seconds"' not in text
    assert '"trace_id"' not in text
    assert str(PROJECT) not in text


def test_every_expected_span_and_detail_stands_in_the_demo_documents() -> None:
    documents = files.discover([PROJECT / "demo" / "documents"]).files
    with isolation() as reader:
        found = [one for path in documents for one in files.read(path, path.name, reader)]
    text = "\n".join(plain(one.text) for one in found if isinstance(one, Document))
    cases = load(load_suite(FOLDER).dataset).cases
    expected = [(case.id, one) for case in cases for one in (*case.expect.spans, *case.expect.details)]
    assert len({id_ for id_, _ in expected}) >= 30
    assert [(id_, one) for id_, one in expected if plain(one) not in text] == []


def plain(text: str) -> str:
    return " ".join(text.casefold().split())
