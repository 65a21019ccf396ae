"""The golden suite and its baseline fit each other; `make eval` runs it."""

from collections import Counter

from evals.cases.dataset import fingerprint, load, version
from evals.cases.duplicates import pairs
from evals.suites.folder import TRIALS, read_run
from evals.suites.suite import load_suite
from state.settings import PROJECT

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
