"""What a suite's run leaves in its folder, for those who read it."""

from pathlib import Path

from evals.cases.case import Case, Expectation
from evals.cases.dataset import load, version
from evals.report.source import read, traces
from evals.suites.local import LocalAgent
from evals.suites.runner import Job, run
from evals.suites.scoring import scoring_of
from evals.suites.suite import Suite
from tests.evals.suites.talker import talked

SURROGATE = "bad \ud800"
CASES = [
    Case(id="grüße", input="hello\nthere", expect=Expectation(calls=()), tags=("a",)),
    Case(id="object", input={"n": None}, answer_schema={"type": "object"}),
]


def test_a_run_holds_its_cases(tmp_path: Path) -> None:
    suite = Suite(name="s", dataset=Path("unused"))
    for _ in range(2):
        info = talked(suite, CASES, lambda case: case.id, tmp_path)
        assert read(tmp_path).cases == {case.id: case for case in CASES}
        kept = load(tmp_path / "cases.jsonl")
        assert (list(kept.cases), kept.version) == (CASES, version(CASES)) == (CASES, info.dataset)


def test_text_that_is_no_unicode_does_not_stop_a_run(tmp_path: Path) -> None:
    answer = {"answer": {"equals": "good"}}
    case = Case.model_validate({"id": "a", "input": "?", "expect": answer})
    suite = Suite(name="s", dataset=Path("unused"))
    talked(suite, [case], lambda _: SURROGATE, tmp_path)
    (trial,) = read(tmp_path).trials
    assert (trial.answer, trial.passed) == ("bad ?", False)
    graph = LocalAgent("tests.evals.suites.talker:babble", 10)
    run(Job(suite, [case], graph, scoring_of(suite, graph)), tmp_path / "graph", lambda *_: None)
    (trial,) = read(tmp_path / "graph").trials
    assert (trial.answer, trial.passed) == ("bad ?", False)
    assert [one[0].trace_id for one in traces(tmp_path / "graph", {str(trial.trace_id)})] == [trial.trace_id]
