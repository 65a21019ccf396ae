"""What retrieval brought and what became of it: relevance, information density and detail."""

import re
from collections.abc import Iterable

from evals.cases.case import Case
from evals.scorers.check import measured
from evals.scores import Score
from evals.trajectory import Trajectory


def relevance(case: Case, trajectory: Trajectory) -> list[Score]:
    """The share of the expected spans that stand in a passage that the run retrieved."""
    spans = case.expect.spans
    if not spans:
        return []
    texts = _texts(trajectory)
    missing = [span for span in spans if not any(_places(span, text) for text in texts)]
    reason = "; ".join(f"not retrieved: {span!r}" for span in missing)
    return [measured("relevance", 1 - len(missing) / len(spans), reason)]


def density(case: Case, trajectory: Trajectory) -> list[Score]:
    """The share of the retrieved characters that belong to an expected span, each passage counted once.

    It is undefined where nothing was retrieved: that is what relevance says.
    """
    spans = case.expect.spans
    if not spans:
        return []
    texts = _texts(trajectory)
    total = sum(map(len, texts))
    inside = sum(_covered(spans, text) for text in texts)
    reason = f"{inside} of {total} characters"
    return [measured("density", inside / total if total else None, reason)]


def detail(case: Case, trajectory: Trajectory) -> list[Score]:
    """The share of the expected details (numbers, names, conditions) that the answer says.

    What the answer has to contain is a detail too; upper and lower case and white space are aside.
    """
    contains = case.expect.answer.contains if case.expect.answer else ()
    details = tuple(dict.fromkeys((*contains, *case.expect.details)))
    if not details:
        return []
    missing = [one for one in details if not _places(one, trajectory.text)]
    reason = "; ".join(f"not said: {one!r}" for one in missing)
    return [measured("detail", 1 - len(missing) / len(details), reason)]


def _texts(trajectory: Trajectory) -> list[str]:
    """The texts of all passages retrieved, each once."""
    return list(dict.fromkeys(text for one in trajectory.retrieved for text in one.texts))


def _covered(spans: Iterable[str], text: str) -> int:
    """Characters of the text that belong to any of the spans."""
    return len({at for span in spans for start, end in _places(span, text) for at in range(start, end)})


def _places(span: str, text: str) -> list[tuple[int, int]]:
    """Where a span stands in a text, upper and lower case and white space aside."""
    pattern = r"\s+".join(map(re.escape, span.split()))
    return [found.span() for found in re.finditer(pattern, text, re.IGNORECASE)] if pattern else []
