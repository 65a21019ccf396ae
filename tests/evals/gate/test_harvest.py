from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evals.gate.harvest import harvested
from evals.gate.lived import lived
from evals.gate.reports import picked, reported, reports
from state.errors import UsageError
from state.feedback import Feedback
from state.store import Store
from state.trace import Run

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def _run(trace: str, number: int, name: str, kind: str, **known: Any) -> Run:
    order = f"2026{trace}" if not number else f"2026{trace}.{number}"
    order = f"2026{trace}.2.3" if number == 3 else order
    return Run(
        id=f"{trace}{number}",
        trace_id=f"{trace}0",
        dotted_order=order,
        parent_run_id=None if not number else f"{trace}{2 if number == 3 else 0}",
        name=name,
        run_type=kind,
        start_time=NOW + timedelta(seconds=number),
        end_time=NOW + timedelta(seconds=number + 1),
        **known,
    )


def trace(
    name: str,
    request: str,
    output: Any,
    *,
    outcome: str = "answered",
    verdicts: Mapping[str, str] | None = None,
) -> list[Run]:
    """A run of ours: its screen, a step, and the tool call in it."""
    decided = {"screen": "allow", "result": "allow", **(verdicts or {})}
    stamp = {"gate": {"screen": "sha256:s", "result": "sha256:r"}}
    node = "retrieve" if isinstance(output, dict) and "passages" in output else "execute"
    said = [{"decision": decided["result"]}] if decided["result"] != "allow" else []
    return [
        _run(name, 0, "warrant", "chain", extra={"metadata": {"outcome": outcome, "stamp": stamp}}),
        _run(
            name,
            1,
            "screen",
            "chain",
            inputs={"request": request},
            outputs={"verdicts": [{"decision": decided["screen"]}]},
        ),
        _run(name, 2, node, "chain", inputs={"warrant": {"step": "s1"}}, outputs={"verdicts": said}),
        _run(name, 3, "tool", "tool", outputs={"output": output}),
    ]


PASSAGES = {"passages": [{"text": "One passage."}, {"text": "Another passage."}]}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(f"sqlite:///{tmp_path / 'warrant.db'}")
    store.write_runs(trace("a", "What is one?", PASSAGES))
    store.write_runs(
        trace("b", "Delete it.", {"done": True}, outcome="refused", verdicts={"screen": "refuse"})
    )
    store.write_runs(trace("c", "And two?", {"value": 2}, verdicts={"result": "quarantine"}))
    return store


def _texts(store: Store, surface: str, **chosen: bool) -> dict[str, int]:
    wanted = {"traces": False, "feedback": False} | chosen
    return {row.text: row.label for row in harvested(store, surface, **wanted)}


def _report(store: Store, trace_id: str, kind: Any, place: str, containing: str | None = None) -> None:
    meant = picked(lived(store.runs(trace_id)), place, containing)
    before = store.feedback(trace_id)
    store.write_feedback([reported(before[0] if before else None, kind, meant, "human", NOW)])


def test_each_passage_is_a_text_and_an_output_is_one() -> None:
    found = list(lived(trace("a", "What is one?", PASSAGES)))
    assert [(one.place, one.text, one.step) for one in found] == [
        ("screen", "What is one?", ""),
        ("result", "One passage.", "s1"),
        ("result", "Another passage.", "s1"),
    ]
    assert {one.gate for one in found} == {"sha256:s", "sha256:r"}
    assert [one.text for one in lived(trace("c", "And two?", {"value": 2}))][1] == '{"value":2}'


def test_texts_of_answered_runs_that_were_not_held_back_are_benign(store: Store) -> None:
    assert _texts(store, "input", traces=True) == {"What is one?": 0, "And two?": 0}
    assert _texts(store, "tool", traces=True) == {"One passage.": 0, "Another passage.": 0}
    assert _texts(store, "input") == {}


def test_what_was_reported_is_labelled_so(store: Store) -> None:
    _report(store, "b0", "false_alarm", "screen")
    _report(store, "a0", "missed", "result", "Another")
    assert _texts(store, "input", feedback=True) == {"Delete it.": 0}
    assert _texts(store, "tool", feedback=True) == {"Another passage.": 1}
    assert _texts(store, "tool", feedback=True, traces=True) == {"One passage.": 0, "Another passage.": 1}
    assert _texts(store, "tool", traces=True) == {"One passage.": 0}


def test_reports_about_several_texts_stay_and_a_later_one_of_the_same_text_counts(store: Store) -> None:
    _report(store, "a0", "missed", "result", "Another")
    _report(store, "a0", "missed", "screen")
    _report(store, "a0", "false_alarm", "result", "Another")
    (feedback,) = store.feedback("a0")
    assert {(one.kind, one.place) for one in reports(feedback)} == {
        ("missed", "screen"),
        ("false_alarm", "result"),
    }


def test_other_feedback_is_no_report() -> None:
    assert reports(Feedback(trace_id="a", comment="missed screen 0123", created=NOW)) == []
    assert reports(Feedback(trace_id="a", key="gate", comment="it was\nbad on screen", created=NOW)) == []


def test_a_text_must_be_meant_clearly(store: Store) -> None:
    with pytest.raises(UsageError, match="2 texts at result could be meant, of s1"):
        _report(store, "a0", "missed", "result")
    with pytest.raises(UsageError, match="no text at result that contains 'three'"):
        _report(store, "a0", "missed", "result", "three")
