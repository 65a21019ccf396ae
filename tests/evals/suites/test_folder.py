"""What a suite's run leaves in its folder, for those who read it."""

from pathlib import Path

from evals.cases.case import Case, Expectation
from evals.cases.dataset import load, version
from evals.report.source import read
from evals.suites.suite import Suite
from tests.evals.suites.talker import talked

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
