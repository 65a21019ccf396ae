"""Plan adherence, retrieval, costs and bounds."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.cases.case import Bounds, Case, Expectation
from evals.scorers.bounds import bounds, costs, retries
from evals.scorers.plan import plan_adherence
from evals.scorers.retrieval import ndcg, retrieval
from evals.trajectory import Call, Retrieved, Trajectory
from state.usage import Usage

CASE = Case(id="c", input="?")


def adherence(planned: list[dict[str, Any]], *called: str) -> float | None:
    run = Trajectory(plan={"steps": planned}, calls=tuple(Call(tool, {}) for tool in called))
    scores = plan_adherence(CASE, run)
    return scores[0].value if scores else None


def step(tool: str, **more: Any) -> dict[str, Any]:
    return {"id": tool, "tool": tool, "args": {}, **more}


def test_doing_what_was_planned_is_full_adherence() -> None:
    assert adherence([step("search"), step("calculate")], "calculate", "search") == 1
    assert adherence([step("search"), step("calculate", when=True)], "search") == 1
    assert adherence([step("search"), step("refund", for_each=[1, 2, 3])], "search", "refund", "refund") == 1
    assert adherence([step("compose"), step("search")], "search") == 1


def test_leaving_out_and_adding_both_lower_it() -> None:
    assert adherence([step("search"), step("calculate")], "search") == pytest.approx(2 / 3)
    assert adherence([step("search")], "search", "delete_all") == pytest.approx(2 / 3)
    assert adherence([step("search")], "delete_all") == 0
    assert adherence([]) is None
    assert plan_adherence(CASE, Trajectory(calls=(Call("search", {}),))) == []


def measures(relevant: dict[str, int], *retrieved: Retrieved) -> dict[str, float | None]:
    asked = Case(id="c", input="?", expect=Expectation(relevant=relevant))
    return {score.name: score.value for score in retrieval(asked, Trajectory(retrieved=retrieved))}


def test_retrieval_measures_of_a_ranking() -> None:
    found = Retrieved(("1", "2", "3"), ("a.md", "docs/b.md", "b.md"))
    scores = measures({"b.md": 1, "c.md": 1}, found)
    assert scores["retrieval_precision"] == pytest.approx(1 / 2)  # b.md counts once
    assert scores["retrieval_recall"] == pytest.approx(1 / 2)
    assert scores["retrieval_reciprocal_rank"] == pytest.approx(1 / 2)
    assert scores["retrieval_ndcg"] == pytest.approx((1 / 1.5849625007) / (1 + 1 / 1.5849625007))


def test_passages_are_judged_by_id_and_nothing_retrieved_has_no_precision() -> None:
    assert measures({"2": 3}, Retrieved(("2",), ("b.md",)))["retrieval_ndcg"] == 1
    empty = measures({"2": 3})
    assert empty["retrieval_precision"] is None
    assert empty["retrieval_recall"] == 0
    assert measures({}) == {}


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8))
def test_the_best_order_has_an_ndcg_of_1(grades: list[int]) -> None:
    best = ndcg(sorted(grades, reverse=True), [grade for grade in grades if grade])
    assert best is None if not any(grades) else best == pytest.approx(1)
    found = ndcg(grades, [grade for grade in grades if grade])
    assert found is None or 0 <= found <= 1 + 1e-12


def test_bounds_hold_and_what_is_not_known_does_not_hold() -> None:
    asked = Case(id="c", input="?", expect=Expectation(bounds=Bounds(cost_usd=0.01, model_calls=2)))
    cheap = Usage(model_calls=2, cost_usd=0.01)
    assert bounds(asked, Trajectory(usage=cheap))[0].passed
    (dear,) = bounds(asked, Trajectory(usage=Usage(model_calls=3, cost_usd=None)))
    assert dear.passed is False
    assert "cost_usd is not known" in dear.reason
    assert "model_calls is 3, at most 2" in dear.reason
    assert bounds(CASE, Trajectory(usage=Usage(model_calls=3))) == []


def test_costs_and_retries_are_measures_without_a_demand() -> None:
    run = Trajectory(
        usage=Usage(model_calls=2, input_tokens=3, output_tokens=4, cost_usd=None),
        calls=(Call("search", {}),),
        violations=({"at": "plan", "path": "/steps/0", "message": "unknown tool"},),
    )
    found = {score.name: score for score in [*costs(CASE, run), *retries(CASE, run)]}
    assert found["tokens"].value == 7
    assert found["calls"].value == 1
    assert "cost_usd" not in found
    assert found["violations"].value == 1
    assert "unknown tool" in found["violations"].reason
    assert all(score.passed is None for score in found.values())
