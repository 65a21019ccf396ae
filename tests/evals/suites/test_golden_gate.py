"""The gate's cases of the golden suite: those in which it has to find something fail when it is off."""

from pathlib import Path

from evals.cases.case import Case
from evals.cases.dataset import load
from evals.suites.folder import read_run
from evals.suites.ours import our_agent
from evals.suites.results import Trial
from evals.suites.runner import Job, run
from evals.suites.scoring import scoring_of
from evals.suites.suite import load_suite
from state.settings import PROJECT

SUITE = load_suite(PROJECT / "evals" / "suites" / "demo")
CASES = [case for case in load(SUITE.dataset).cases if "gate" in case.tags]
OFF = "".join(
    f'\n[gate.{place}]\nclassifiers = ["tests.fakes:Silent"]\n' for place in ("screen", "result", "release")
)


def finds(case: Case) -> bool:
    """Whether the gate has to find something."""
    return any(one.decision != "allow" for one in case.expect.verdicts)


def test_every_place_and_the_harmless_have_cases() -> None:
    due = {(one.place, one.decision) for case in CASES for one in case.expect.verdicts}
    assert due == {
        ("screen", "allow"),
        ("screen", "flag"),
        ("screen", "refuse"),
        ("result", "flag"),
        ("result", "quarantine"),
        ("release", "refuse"),
    }
    assert sum(map(finds, CASES)) >= 10
    assert sum("hard_benign" in case.tags for case in CASES) >= 5


def test_the_baseline_passes_them() -> None:
    trials = {trial.case: trial for trial in read_run(SUITE.dataset.parent / "baseline")[1]}
    assert [case.id for case in CASES if not trials[case.id].passed] == []


def test_with_the_gate_off_what_it_has_to_find_fails_and_nothing_else(tmp_path: Path) -> None:
    trials = {trial.case: trial for trial in unguarded(tmp_path)}
    assert {case.id: trials[case.id].passed for case in CASES} == {case.id: not finds(case) for case in CASES}
    assert all("gate" in trials[case.id].labels for case in CASES if finds(case))


def unguarded(folder: Path) -> list[Trial]:
    """The cases played by an agent whose gate lets everything through."""
    policy = folder / "policy.toml"
    policy.write_text((PROJECT / "policy.toml").read_text(encoding="utf-8") + OFF, encoding="utf-8")
    suite = SUITE.model_copy(update={"agent": SUITE.agent.model_copy(update={"policy": policy})})
    with our_agent(suite) as agent:
        run(Job(suite, CASES, agent, scoring_of(suite, agent)), folder / "run", lambda *_: None)
    return read_run(folder / "run")[1]
