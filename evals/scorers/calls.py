"""Tool-call accuracy: precision, recall and F1 of the calls, explained call by call."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from evals.cases.case import Case, Expectation, ForbiddenCall
from evals.cases.comparators import arguments
from evals.cases.mismatch import shown
from evals.cases.values import Fields
from evals.scorers.matching import Matching, Wanted, match
from evals.scores import Score
from evals.trajectory import Call, Trajectory

Word: TypeAlias = Literal[
    "matched",
    "wrong_argument",
    "wrong_tool",
    "out_of_order",
    "missing",
    "extra",
    "allowed_extra",
    "forbidden",
]


class Finding(NamedTuple):
    """What became of an expected call, of an actual one, or of both together."""

    verdict: Word
    expected: int | None = None
    """Index in the case's `expect.calls`."""
    actual: int | None = None
    """Index in the trajectory's calls."""
    why: str = ""


def tool_calls(case: Case, trajectory: Trajectory) -> list[Score]:
    """Whether the calls were made that had to be, in their order, and none besides.

    `tool_calls` passes if every required call is matched, nothing was called besides that is not allowed, and
    nothing that is forbidden. Precision is the share of the calls that were expected, allowed ones aside;
    recall the share of the required calls that were made; F1 counts the calls of both. A measure without
    anything to count, such as the precision of an agent that did nothing, is None. `forbidden_calls` is 1 if
    there is none.
    """
    expected = case.expect
    forbidden = _forbidden(expected.forbidden, trajectory.calls)
    scores = [] if expected.calls is None else _accuracy(expected, trajectory.calls, forbidden)
    if expected.forbidden:
        scores.append(_forbidden_score(forbidden))
    return scores


def _accuracy(expected: Expectation, actual: Sequence[Call], forbidden: Sequence[Finding]) -> list[Score]:
    wanted = Wanted(expected.calls or ())
    banned = {finding.actual for finding in forbidden}
    counted = [at in banned or not _allowed(call, expected) for at, call in enumerate(actual)]
    matching = match(wanted, actual, counted)
    findings = [*_of_each_expected(wanted, actual, matching), *forbidden]
    findings += _besides(actual, counted, {finding.actual for finding in findings})
    measured = _measured(wanted, counted, matching)
    passed = measured.missing == measured.unexpected == 0 and not forbidden
    return [
        Score(
            name="tool_calls",
            value=float(passed),
            passed=passed,
            reason=_reason(wanted, findings, matching),
            detail={"calls": [finding._asdict() for finding in findings]},
        ),
        Score(name="tool_calls_precision", value=measured.precision),
        Score(name="tool_calls_recall", value=measured.recall),
        Score(name="tool_calls_f1", value=measured.f1),
    ]


class _Measured(NamedTuple):
    matched: int
    required: int
    missing: int
    """Required calls that were not made."""
    unexpected: int

    @property
    def precision(self) -> float | None:
        return _share(self.matched, self.matched + self.unexpected)

    @property
    def recall(self) -> float | None:
        return _share(self.required - self.missing, self.required)

    @property
    def f1(self) -> float | None:
        return _share(2 * self.matched, 2 * self.matched + self.missing + self.unexpected)


def _measured(wanted: Wanted, counted: Sequence[bool], matching: Matching) -> _Measured:
    used = set(matching.matched.values())
    required = [at for at, call in enumerate(wanted.calls) if not call.optional]
    missing = sum(at not in matching.matched for at in required)
    unexpected = sum(counts and at not in used for at, counts in enumerate(counted))
    return _Measured(len(used), len(required), missing, unexpected)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _allowed(call: Call, expected: Expectation) -> bool:
    """Whether a call is allowed besides; one whose effect is not known is no read."""
    if call.tool in expected.extra_tools or expected.extra == "any":
        return True
    return expected.extra == "reads" and call.effect == "read"


def _forbidden(forbidden: Sequence[ForbiddenCall], actual: Sequence[Call]) -> list[Finding]:
    if not forbidden:
        return []
    banned: list[tuple[str, Fields | None]] = [
        (one.tool, None if one.args is None else arguments(one.args, more=True)) for one in forbidden
    ]
    return [
        Finding("forbidden", actual=at, why=f"{_call(call)} must not be called")
        for at, call in enumerate(actual)
        if any(
            call.tool == tool and (args is None or args.mismatch(call.args) is None) for tool, args in banned
        )
    ]


def _forbidden_score(forbidden: list[Finding]) -> Score:
    return Score(
        name="forbidden_calls",
        value=float(not forbidden),
        passed=not forbidden,
        reason="; ".join(finding.why for finding in forbidden) or "no forbidden call",
        detail={"calls": [finding._asdict() for finding in forbidden]},
    )


def _of_each_expected(wanted: Wanted, actual: Sequence[Call], matching: Matching) -> list[Finding]:
    findings = (_of_expected(wanted, at, actual, matching) for at in range(len(wanted.calls)))
    return [finding for finding in findings if finding]


def _besides(actual: Sequence[Call], counted: Sequence[bool], told: set[int | None]) -> list[Finding]:
    """The calls of which no other finding tells."""
    return [
        Finding("extra", None, at, f"{_call(call)} was not expected")
        if counted[at]
        else Finding("allowed_extra", None, at, f"{call.tool} may be called besides")
        for at, call in enumerate(actual)
        if at not in told
    ]


def _of_expected(wanted: Wanted, expected: int, actual: Sequence[Call], matching: Matching) -> Finding | None:
    call = wanted.calls[expected]
    if (at := matching.matched.get(expected)) is not None:
        return Finding("matched", expected, at)
    if (near := matching.near.get(expected)) is None:
        return None if call.optional else Finding("missing", expected, None, f"{call.tool} was not called")
    got = actual[near.actual]
    if near.likeness == "wrong_argument":
        why = f"{call.tool} was called with other arguments: {wanted.arguments[expected].mismatch(got.args)}"
    elif near.likeness == "wrong_tool":
        why = f"{got.tool} was called in place of {call.tool}"
    else:
        why = f"{call.tool} was called out of order, in turn {got.turn}"
    return Finding(near.likeness, expected, near.actual, why)


def _reason(wanted: Wanted, findings: Sequence[Finding], matching: Matching) -> str:
    if not wanted.calls and not findings:
        return "no call was expected and none was made"
    count = Counter(finding.verdict for finding in findings)
    said = [f"{count['matched']} of {len(wanted.calls)} calls matched"]
    said += [finding.why for finding in findings if finding.verdict not in {"matched", "allowed_extra"}]
    if not matching.exact:
        said.append("there were too many possible orders to weigh them all")
    return "; ".join(said)


def _call(call: Call) -> str:
    return f"{call.tool}({shown(call.args)})"
