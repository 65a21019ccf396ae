"""A conversation becomes a trace, and the trace is the conversation."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage, SystemMessage

from evals.traces.conversations import runs_of_conversation, trace_id_of
from evals.traces.messages import text
from evals.traces.trajectories import trajectory_of_messages, trajectory_of_runs
from evals.traces.transcripts import Form, record_of
from evals.trajectory import Call, Trajectory
from models.tape import load
from state.canonical import canonical
from state.store import Store
from state.trace import Run
from tests.evals.traces.talk import JSON, REFUND, langchain_messages, openai_messages

BEGUN = datetime(2026, 11, 20, 12, tzinfo=UTC)
FORMS: tuple[Form, ...] = ("openai", "langchain")
MESSAGES = openai_messages() | langchain_messages()


def imported(record: Any, form: str = "openai") -> list[Run]:
    return runs_of_conversation(record, trace_id_of(record, 1), form, BEGUN, {})


def nameless(trajectory: Trajectory) -> Trajectory:
    calls = tuple(replace(call, id="") for call in trajectory.calls)
    return replace(trajectory, id="", calls=calls)


@settings(max_examples=40)
@given(MESSAGES)
def test_the_trajectory_of_the_trace_is_that_of_the_messages(messages: list[dict[str, Any]]) -> None:
    of_runs = trajectory_of_runs(imported({"messages": messages}))
    assert nameless(of_runs) == nameless(trajectory_of_messages(messages))


@settings(max_examples=40)
@given(st.dictionaries(st.text(), JSON, max_size=3), openai_messages(), st.booleans())
def test_an_openai_conversation_comes_back_as_it_was(
    extra: dict[str, Any], messages: list[dict[str, Any]], bare: bool
) -> None:
    record = messages if bare else {**extra, "messages": messages}
    assert record_of(stored(imported(record)), "openai") == record


@settings(max_examples=40)
@given(st.dictionaries(st.text(), JSON, max_size=3), langchain_messages())
def test_a_langchain_conversation_comes_back_as_it_was(
    extra: dict[str, Any], messages: list[dict[str, Any]]
) -> None:
    record = {**extra, "messages": messages}
    assert record_of(stored(imported(record, "langchain")), "langchain") == record


def stored(runs: list[Run]) -> list[Run]:
    """The runs as a file or the store gives them back."""
    return [Run.model_validate(json.loads(json.dumps(run.model_dump(mode="json")))) for run in runs]


@settings(max_examples=40)
@given(MESSAGES)
def test_the_other_form_says_and_calls_the_same(messages: list[dict[str, Any]]) -> None:
    runs = imported({"messages": messages})
    source = {"source": {**runs[0].extra["source"], "format": "another"}}
    other = [runs[0].model_copy(update={"extra": source}), *runs[1:]]
    before = trajectory_of_messages(messages)
    for form in FORMS:
        after = trajectory_of_messages(record_of(other, form)["messages"])
        assert (after.said, after.steps) == (before.said, before.steps)
        assert sorted(map(made, after.calls)) == sorted(map(made, before.calls))


def made(call: Call) -> str:
    return canonical([call.turn, call.tool, call.args, text({"content": call.output})])


def test_a_turn_is_a_model_call_and_a_call_is_a_tool_run() -> None:
    runs = imported({"messages": REFUND})
    assert [run.run_type for run in runs] == ["chain", "llm", "tool", "tool", "llm", "llm", "tool", "llm"]
    assert [run.name for run in runs if run.run_type == "tool"] == ["order_status", "customer", "refund"]
    assert sorted(runs, key=lambda run: run.dotted_order) == runs
    assert {run.parent_run_id for run in runs[1:]} == {runs[0].id}
    malformed = trajectory_of_runs(runs).calls[1]
    assert (malformed.args, malformed.output) == ('{"name": "Jane"', "Error: no JSON")
    assert trajectory_of_runs(runs).seconds is None, "nobody timed it"


def test_the_trace_is_a_tape_for_the_same_prompts(tmp_path: Path) -> None:
    file = tmp_path / "tape.jsonl"
    file.write_text("".join(run.model_dump_json() + "\n" for run in imported({"messages": REFUND})))
    prompt = [SystemMessage("You are a clerk."), HumanMessage(REFUND[1]["content"])]
    reply = load(file).next(prompt)
    assert [call["name"] for call in reply.tool_calls] == ["order_status"]
    assert [call["args"] for call in reply.invalid_tool_calls] == ['{"name": "Jane"']


def test_equal_conversations_in_one_place_are_one_trace_and_in_two_are_two() -> None:
    assert trace_id_of(REFUND, 1) == trace_id_of(json.loads(json.dumps(REFUND)), 1)
    assert trace_id_of(REFUND, 1) != trace_id_of(REFUND, 2)
    assert trace_id_of(REFUND, 1) != trace_id_of(REFUND[:-1], 1)


@pytest.mark.parametrize("record", [None, [], {}, 3, {"messages": "x"}, [1], {"messages": [{}, 1]}])
def test_what_has_no_messages_is_no_conversation(record: object) -> None:
    with pytest.raises(ValueError, match="no list of messages"):
        imported(record)


def test_a_conversation_comes_back_from_the_store(tmp_path: Path) -> None:
    record = {"messages": REFUND, "note": "\ud800 \x00 é"}
    store = Store(f"sqlite:///{tmp_path / 'x.db'}")
    runs = imported(record)
    store.write_runs(runs)
    assert record_of(store.runs(runs[0].id), "openai") == record
    store.close()
