"""Cases made of recorded runs."""

import asyncio
import multiprocessing
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from evals.cases.adding import add_case
from evals.cases.case import Case
from evals.cases.dataset import load
from evals.cases.recorded import Trace, case_of, turn_of
from evals.scorers.registry import passed, score
from evals.suites.ours import OurAgent, our_agent
from evals.suites.suite import Suite
from evals.traces.trajectories import trajectory_of_runs
from state.errors import UsageError

APPROVE = {"decisions": [{"type": "approve"}]}
EFFECTS = {"order_status": "read", "refund_order": "write"}


@pytest.fixture(scope="module")
def agent() -> Iterator[OurAgent]:
    with our_agent(Suite(name="ours", dataset=Path("x"), model="offline")) as ours:
        yield ours


def traces(agent: OurAgent, asked: str, *resume: Any) -> list[Trace]:
    runs = asyncio.run(agent.play(Case(id="r", input=asked, resume=resume))).runs
    return [list(group) for _, group in groupby(runs, key=lambda run: run.trace_id)]


def test_a_turn_is_its_question_and_what_answered_its_interrupts(agent: OurAgent) -> None:
    refund = traces(agent, "Please refund order WR-1045.", APPROVE)
    status = traces(agent, "What is the status of order WR-1048?")
    thread = [*status, *refund, *status]
    assert turn_of(thread, refund[0][0].trace_id) == refund
    assert turn_of(thread, refund[1][0].trace_id) == refund
    assert turn_of(thread, status[0][0].trace_id) == status


def test_a_case_expects_what_was_done_and_passes_on_it(agent: OurAgent) -> None:
    turn = traces(agent, "Please refund order WR-1045.", APPROVE)
    case = case_of(turn, EFFECTS, ("calls", "answer", "outcome"))
    assert (case.input, case.resume) == ("Please refund order WR-1045.", (APPROVE,))
    assert case.source == turn[0][0].trace_id
    assert case.expect.calls is not None
    [call] = case.expect.calls
    assert (call.tool, call.args, call.after) == ("refund_order", {"order_id": "WR-1045"}, ())
    assert (case.expect.extra, case.expect.outcome) == ("reads", "answered")
    trajectory = trajectory_of_runs([run for trace in turn for run in trace], EFFECTS)
    assert passed(score(case, trajectory))
    again = asyncio.run(agent.play(case))
    assert passed(score(case, again.trajectory))
    assert not passed(score(case, trajectory_of_runs(turn[0], EFFECTS)))


def test_of_a_run_that_was_wrong_the_writes_are_forbidden(agent: OurAgent) -> None:
    turn = traces(agent, "Please refund order WR-1045.", APPROVE)
    case = case_of(turn, EFFECTS, failed=True)
    assert (case.expect.calls, case.expect.outcome) == (None, "answered")
    assert [(one.tool, one.args) for one in case.expect.forbidden] == [
        ("refund_order", {"order_id": "WR-1045"})
    ]
    trajectory = trajectory_of_runs([run for trace in turn for run in trace], EFFECTS)
    assert not passed(score(case, trajectory))


def test_reads_are_not_demanded(agent: OurAgent) -> None:
    turn = traces(agent, "What is the status of order WR-1048?")
    assert case_of(turn, EFFECTS).expect.calls == ()
    assert case_of(turn, EFFECTS, ()).expect == Case(id="a", input="x").expect
    answer = case_of(turn, EFFECTS, ["answer"]).expect.answer
    assert answer is not None
    assert (answer.claims, answer.cites) == (("Order WR-1048: status shipped.",), ())


@pytest.mark.parametrize(
    ("again", "said"),
    [
        (Case(id="a", input="other"), "the id 'a'"),
        (Case(id="b", input="other", source="trace"), "same trace"),
        (Case(id="b", input="where is  it"), "asks the same"),
    ],
)
def test_a_double_is_refused(tmp_path: Path, again: Case, said: str) -> None:
    file = tmp_path / "new" / "cases.jsonl"
    add_case(file, Case(id="a", input="Where is it?", source="trace"))
    before = file.read_bytes()
    with pytest.raises(UsageError, match=said):
        add_case(file, again)
    assert file.read_bytes() == before
    add_case(file, Case(id="b", input="Where is it?", resume=("yes",)))
    assert [case.id for case in load(file).cases] == ["a", "b"]


def test_a_damaged_dataset_is_left_alone_and_a_last_line_is_ended(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text('{"id": "a", "input": 1}')
    add_case(file, Case(id="b", input=2))
    assert [case.id for case in load(file).cases] == ["a", "b"]
    file.write_text('{"id": "a"\n')
    with pytest.raises(UsageError, match=r"cases\.jsonl:1"):
        add_case(file, Case(id="c", input=3))
    assert file.read_text() == '{"id": "a"\n'
    with pytest.raises(UsageError, match="compressed"):
        add_case(tmp_path / "cases.jsonl.gz", Case(id="c", input=3))


def add_many(file: Path, ids: Sequence[str]) -> None:
    for id_ in ids:
        add_case(file, Case(id=id_, input=id_))


def test_two_processes_lose_no_case(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    ids = [[f"{who}{n}" for n in range(25)] for who in "ab"]
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=add_many, args=(file, each)) for each in ids]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert sorted(case.id for case in load(file).cases) == sorted(ids[0] + ids[1])
