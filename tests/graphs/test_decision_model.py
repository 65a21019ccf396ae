from importlib import import_module
from importlib.util import find_spec

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from pydantic import TypeAdapter

from graphs.decision_model import decision_model, probability, said
from state.errors import UsageError
from state.verdict import GRAVITY, Decision, Verdict
from tests.fakes import judge

SUPPORTED = find_spec("langchain_core.decisions") is not None


def verdict(decision: Decision, score: float) -> Verdict:
    return Verdict(
        place="result", decision=decision, category="x", score=score, threshold=0, classifier="t", reason="r"
    )


@given(decision=st.sampled_from(GRAVITY), score=st.floats(0, 1))
def test_a_call_is_blocked_exactly_where_the_gate_withholds(decision: Decision, score: float) -> None:
    one = verdict(decision, score)
    assert (probability(one) >= 0.5) == one.withholds
    assert 0 <= probability(one) <= 1


def test_users_are_judged_as_requests_and_what_others_wrote_as_results() -> None:
    state = {
        "messages": [
            SystemMessage("s"),
            HumanMessage("h"),
            AIMessage("a"),
            ToolMessage("t", tool_call_id="1"),
        ],
        "tool_call": {"id": "1", "name": "n", "args": {"path": "p"}},
        "tool_description": "d",
    }
    assert list(said(state)) == [
        ("screen", "h"),
        ("result", "t"),
        ("result", '{"args":{"path":"p"},"id":"1","name":"n"}'),
        ("result", "d"),
    ]
    assert list(said("text")) == [("screen", "text")]


@pytest.mark.skipif(SUPPORTED, reason="this langchain-core has decision models")
def test_where_langchain_has_no_decision_models_the_error_says_what_to_install() -> None:
    with pytest.raises(UsageError, match="no decision models") as caught:
        decision_model(judge())
    assert "langchain-core 1.8" in caught.value.way_out


@pytest.mark.skipif(not SUPPORTED, reason="langchain-core has no decision models before 1.8")
def test_it_answers_yes_or_no_questions() -> None:
    model = decision_model(judge())
    risk = {"risk": {"type": "noul", "instructions": "Is it risky?"}}
    questions = TypeAdapter(dict[str, import_module("langchain_core.decisions").Question])
    asked = questions.validate_python(risk)
    assert model.invoke({"state": "FORBIDDEN", "questions": asked}).nouls["risk"].noul >= 0.5
    assert model.invoke({"state": "fine", "questions": asked}).nouls["risk"].noul < 0.5
    choice = questions.validate_python(
        {"c": {"type": "choice", "instructions": "?", "criteria": {"a": None}}}
    )
    with pytest.raises(ValueError, match="yes-or-no"):
        model.invoke({"state": "fine", "questions": choice})
