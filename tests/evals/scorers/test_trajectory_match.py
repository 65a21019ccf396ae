from typing import Any

import pytest

from evals.scorers.trajectory_match import Mode, trajectory_match
from evals.trajectory import Call, Trajectory


def run(*calls: tuple[Any, ...]) -> Trajectory:
    """Each call is its tool, its arguments and its turn, which is a new one unless it is given."""
    made = [Call(tool, args, turn=turn[0] if turn else at) for at, (tool, args, *turn) in enumerate(calls)]
    return Trajectory(calls=tuple(made), steps=len({call.turn for call in made}) + 1)


A, B, C = ("f", {"x": 1}), ("f", {"x": 2}), ("g", {})


@pytest.mark.parametrize(
    ("made", "wanted", "modes"),
    [
        ([A, B], [A, B], {"strict", "unordered", "superset", "subset"}),
        ([B, A], [A, B], {"unordered", "superset", "subset"}),
        ([A, B, C], [B, A], {"superset"}),
        ([A], [B, A], {"subset"}),
        ([A, A], [A], {"superset"}),
        ([A], [A, A], {"subset"}),
        ([C], [A], set()),
        ([], [A], set()),
        ([], [], {"strict", "unordered", "superset", "subset"}),
        ([C], [], {"superset"}),
        ([(*A, 0), (*B, 0)], [(*B, 0), (*A, 0)], {"strict", "unordered", "superset", "subset"}),
        ([(*A, 0), (*B, 0)], [A, B], {"unordered", "superset", "subset"}),
        ([("f", '{"x": 1')], [A], set()),
        ([("f", '{"x": 1')], [("f", '{"x": 1')], {"strict", "unordered", "superset", "subset"}),
        ([("f", {"x": True})], [A], set()),
        ([("f", {"x": 1.0})], [A], {"strict", "unordered", "superset", "subset"}),
    ],
)
def test_modes(made: list[Any], wanted: list[Any], modes: set[Mode]) -> None:
    every: tuple[Mode, ...] = ("strict", "unordered", "superset", "subset")
    assert {mode for mode in every if trajectory_match(run(*made), run(*wanted), mode).passed} == modes


@pytest.mark.parametrize(
    ("made", "wanted", "modes"),
    [
        ({"x": 1}, {"x": 1}, {"exact", "ignore", "subset", "superset"}),
        ({"x": 1}, {"x": 1, "y": 2}, {"ignore", "subset"}),
        ({"x": 1, "y": 2}, {"x": 1}, {"ignore", "superset"}),
        ({"x": {"a": 1}}, {"x": {"a": 1, "b": 2}}, {"ignore"}),
        ("{", {}, {"ignore"}),
        ("{", "{", {"exact", "ignore", "subset", "superset"}),
    ],
)
def test_argument_modes(made: Any, wanted: Any, modes: set[str]) -> None:
    every: Any = ("exact", "ignore", "subset", "superset")
    ours, theirs = run(("f", made)), run(("f", wanted))
    assert {args for args in every if trajectory_match(ours, theirs, args=args).passed} == modes
    assert {args for args in every if trajectory_match(ours, theirs, overrides={"f": args}).passed} == modes


def test_overrides_hold_for_their_tool_only() -> None:
    made, wanted = (
        run(("f", {"t": {"start": 1, "end": 2}, "q": "Ab"})),
        run(("f", {"t": {"start": 1}, "q": "aB"})),
    )
    assert not trajectory_match(made, wanted).passed
    assert not trajectory_match(made, wanted, overrides={"g": "ignore"}).passed
    assert trajectory_match(made, wanted, overrides={"f": ["t.start"]}).passed
    assert not trajectory_match(made, wanted, overrides={"f": ["t.end"]}).passed
    assert trajectory_match(made, wanted, overrides={"f": ["no.such.path"]}).passed
    by_query = {"f": lambda ours, theirs: ours["q"].lower() == theirs["q"].lower()}
    assert trajectory_match(made, wanted, overrides=by_query).passed
    with pytest.raises(ValueError, match="no mode"):
        trajectory_match(made, wanted, overrides={"f": "exactly"})  # type: ignore[dict-item]


def test_calls_are_not_matched_greedily() -> None:
    """The looser reference would take the only call that the other one could have."""
    made, wanted = (
        run(("f", {"x": 1, "y": 1}), ("f", {"x": 1})),
        run(("f", {"x": 1}), ("f", {"x": 1, "y": 1})),
    )
    assert trajectory_match(made, wanted, "unordered", "superset").passed


def test_it_says_what_is_missing_and_what_is_not_in_the_reference() -> None:
    score = trajectory_match(run(A, C), run(A, B), "unordered")
    assert score.name == "trajectory_unordered_match"
    assert (score.value, score.passed) == (0, False)
    assert score.reason == "missing: f; not in the reference: g"
