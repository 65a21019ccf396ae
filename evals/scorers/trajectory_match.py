"""Strict, unordered, superset and subset match of a run with a reference run, as agentevals names them.

Unlike agentevals, calls are assigned optimally, so that the answer does not depend on their order; arguments
that are no JSON object match only the same text; and a run without calls is no subset of one with calls,
since an agent that did nothing is no success.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Literal, TypeAlias

from evals.cases.values import same
from evals.scorers.assignment import assign
from evals.scores import Score
from evals.trajectory import Call, Trajectory
from state.schema import Json

Mode: TypeAlias = Literal["strict", "unordered", "superset", "subset"]
ArgsMode: TypeAlias = Literal["exact", "ignore", "subset", "superset"]
Compare: TypeAlias = Callable[[Json, Json], bool]
"""Of the arguments of a call and of the reference's."""
Override: TypeAlias = ArgsMode | Sequence[str] | Compare
"""How one tool's arguments are compared: a mode, the paths that count, as `time.start`, or a function."""


def trajectory_match(
    run: Trajectory,
    reference: Trajectory,
    mode: Mode = "strict",
    args: ArgsMode = "exact",
    overrides: Mapping[str, Override] | None = None,
) -> Score:
    """Whether a run made the calls of a reference.

    Args:
        run: What the agent did.
        reference: What it should have done.
        mode: `strict`: the same calls in the same turns, those of one turn in any order, and as many turns;
            `unordered`: the same calls; `superset`: at least those of the reference; `subset`: at most those.
        args: Whether arguments are the same, do not count, or may be a part of the reference's, or more.
        overrides: Tool → how its arguments are compared.

    Raises:
        ValueError: an override is a text, but no mode.
    """
    compared = _comparison(args, overrides or {})
    turns: list[tuple[Sequence[Call], Sequence[Call]]] = [(run.calls, reference.calls)]
    if mode == "strict":
        if run.steps != reference.steps or len(ours := _turns(run)) != len(theirs := _turns(reference)):
            return _score(mode, f"{run.steps} turns, {reference.steps} in the reference")
        turns = list(zip(ours, theirs, strict=True))
    for made, wanted in turns:
        if why := _difference(made, wanted, mode, compared):
            return _score(mode, why)
    return _score(mode, "")


def _score(mode: Mode, why: str) -> Score:
    return Score(
        name=f"trajectory_{mode}_match", value=float(not why), passed=not why, reason=why or "the calls match"
    )


def _turns(run: Trajectory) -> list[Sequence[Call]]:
    return [tuple(calls) for _, calls in groupby(run.calls, key=lambda call: call.turn)]


def _difference(
    made: Sequence[Call], wanted: Sequence[Call], mode: Mode, compared: Callable[[Call, Call], bool]
) -> str:
    """Why the calls do not match; empty if they do."""
    if mode == "subset" and wanted and not made:
        return "no call was made"
    weights = {
        at: {index: 1.0 for index, call in enumerate(made) if compared(call, reference)}
        for at, reference in enumerate(wanted)
    }
    pairs = assign(weights).pairs
    matched = set(pairs.values())
    missing = [call.tool for at, call in enumerate(wanted) if at not in pairs] if mode != "subset" else []
    extra = [call.tool for at, call in enumerate(made) if at not in matched] if mode != "superset" else []
    said = [f"missing: {', '.join(missing)}"] if missing else []
    return "; ".join(said + ([f"not in the reference: {', '.join(extra)}"] if extra else []))


def _comparison(args: ArgsMode, overrides: Mapping[str, Override]) -> Callable[[Call, Call], bool]:
    default = COMPARE[args]
    special = {tool: _compare(tool, override) for tool, override in overrides.items()}

    def compared(call: Call, reference: Call) -> bool:
        if call.tool != reference.tool:
            return False
        return special.get(call.tool, default)(call.args, reference.args)

    return compared


def _compare(tool: str, override: Override) -> Compare:
    if isinstance(override, str):
        if override not in COMPARE:
            raise ValueError(f"{override!r} of {tool!r} is no mode; there are {', '.join(COMPARE)}.")
        return COMPARE[override]
    return override if callable(override) else _on_paths([path.split(".") for path in override])


def _on_paths(paths: Sequence[Sequence[str]]) -> Compare:
    """A path that is not there has the value null, as in agentevals."""
    return lambda made, wanted: all(same(_at(wanted, path), _at(made, path)) for path in paths)


def _at(value: Json, path: Sequence[str]) -> Json:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _within(part: Json, whole: Json) -> bool:
    """Whether each argument of one call is one of the other's, with the same value."""
    if not isinstance(part, dict) or not isinstance(whole, dict):
        return same(part, whole)
    return all(key in whole and same(value, whole[key]) for key, value in part.items())


COMPARE: dict[str, Compare] = {
    "exact": lambda made, wanted: same(wanted, made),
    "ignore": lambda _made, _wanted: True,
    "subset": _within,
    "superset": lambda made, wanted: _within(wanted, made),
}
