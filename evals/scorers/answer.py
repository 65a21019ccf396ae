"""What the answer has to be, and whether its citations resolve."""

import json
from collections.abc import Callable, Iterator, Mapping

from evals.cases.case import Case, ExpectedAnswer
from evals.cases.comparators import matcher
from evals.scorers.check import judged, measured
from evals.scores import Score
from evals.trajectory import Trajectory
from state.canonical import canonical
from state.keywords import first_match
from state.schema import Json, violations


def answer(case: Case, trajectory: Trajectory) -> list[Score]:
    """Whether the answer is what the case expects."""
    expected = case.expect.answer
    if expected is None:
        return []
    return [judged("answer", [problem for check in CHECKS for problem in check(expected, trajectory)])]


def outputs_said(case: Case, trajectory: Trajectory) -> list[Score]:
    """Whether the agent said every expected output, compared as τ-bench does: lower case, no commas."""
    if not case.expect.outputs:
        return []
    said = [text.lower().replace(",", "") for text in (*trajectory.said, trajectory.text)]
    missing = [output for output in case.expect.outputs if not any(output.lower() in text for text in said)]
    return [judged("outputs_said", [f"never said {output!r}" for output in missing])]


def schema_valid(case: Case, trajectory: Trajectory) -> list[Score]:
    """Whether the answer's data satisfies the schema that was asked for."""
    if case.answer_schema is None:
        return []
    broken = violations(case.answer_schema, _data(trajectory))
    return [judged("schema_valid", [f"{one.path or 'data'}: {one.message}" for one in broken])]


def citations_resolved(_case: Case, trajectory: Trajectory) -> list[Score]:
    """The share of citations whose quote stands in what this run retrieved or was given."""
    texts = _texts(trajectory)
    cited = list(_citations(trajectory))
    if not cited:
        return []
    lost = [one for one in cited if not any(one["quote"] in text for text in texts.get(one["passage"], ()))]
    reason = "; ".join(f"{one['passage']} does not say {one['quote']!r}" for one in lost)
    return [measured("citations_resolved", 1 - len(lost) / len(cited), reason, passed=not lost)]


def abstained(trajectory: Trajectory) -> bool | None:
    """Whether the agent said that it cannot answer; None where it gives a text of which that is not known."""
    if not isinstance(trajectory.answer, Mapping):
        return None
    return not trajectory.answer.get("claims") and trajectory.answer.get("data") is None


def _texts(trajectory: Trajectory) -> dict[str, list[str]]:
    """Passage or step → its texts; the output of a step is cited in its canonical form."""
    found: dict[str, list[str]] = {}
    for retrieved in trajectory.retrieved:
        for id_, text in zip(retrieved.ids, retrieved.texts, strict=False):
            found.setdefault(id_, []).append(text)
    outputs = [canonical(call.output) for call in trajectory.calls if call.error is None]
    for one in _citations(trajectory):
        if one["source"] == f"step:{one['passage']}":
            found[one["passage"]] = outputs
    return found


def _citations(trajectory: Trajectory) -> Iterator[Mapping[str, Json]]:
    for claim in _claims(trajectory):
        yield from claim.get("citations") or ()


def _claims(trajectory: Trajectory) -> list[Mapping[str, Json]]:
    return list(trajectory.answer.get("claims") or ()) if isinstance(trajectory.answer, Mapping) else []


def _data(trajectory: Trajectory) -> Json:
    """`answer.data`; of an agent that gives a text, the JSON that this text is."""
    if isinstance(trajectory.answer, Mapping):
        return trajectory.answer.get("data")
    try:
        return json.loads(trajectory.text)
    except ValueError:
        return None


def _text(expected: ExpectedAnswer, trajectory: Trajectory) -> Iterator[str]:
    said = _plain(trajectory.text)
    if expected.equals is not None and said != _plain(expected.equals):
        yield f"the answer is {trajectory.text!r}, not {expected.equals!r}"
    yield from (f"{text!r} is not in the answer" for text in expected.contains if _plain(text) not in said)
    yield from (f"{text!r} is in the answer" for text in expected.excludes if _plain(text) in said)


def _pattern(expected: ExpectedAnswer, trajectory: Trajectory) -> Iterator[str]:
    if expected.matches is None:
        return
    try:
        if first_match(expected.matches, trajectory.text) is None:
            yield f"nothing in the answer matches {expected.matches!r}"
    except ValueError as error:
        yield str(error)


def _typed(expected: ExpectedAnswer, trajectory: Trajectory) -> Iterator[str]:
    if expected.data_schema is not None:
        broken = violations(expected.data_schema, _data(trajectory))
        yield from (f"{one.path or 'data'}: {one.message}" for one in broken)
    if expected.data is not None:
        problem = matcher(expected.data).mismatch(_data(trajectory))
        if problem is not None:
            yield f"data: {problem}"


def _cited(expected: ExpectedAnswer, trajectory: Trajectory) -> Iterator[str]:
    claims = [_plain(str(claim.get("text"))) for claim in _claims(trajectory) if claim.get("citations")]
    for text in expected.claims:
        if not any(_plain(text) in claim for claim in claims):
            yield f"no claim with a citation says {text!r}"
    sources = [str(one.get("source")) for one in _citations(trajectory)]
    for source in expected.cites:
        if not any(cited.endswith(source) for cited in sources):
            yield f"{source} is not cited"


def _abstention(expected: ExpectedAnswer, trajectory: Trajectory) -> Iterator[str]:
    if expected.abstains is None:
        return
    does = abstained(trajectory)
    if does is None:
        yield "an answer without claims does not tell whether it abstains: use `contains` or `matches`"
    elif does != expected.abstains:
        yield "the agent abstains" if does else "the agent answers, where it has to abstain"


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


CHECKS: tuple[Callable[[ExpectedAnswer, Trajectory], Iterator[str]], ...] = (
    _text,
    _pattern,
    _typed,
    _cited,
    _abstention,
)
