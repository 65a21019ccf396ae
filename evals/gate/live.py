"""What recorded runs show of a gate: how much it judged and held back, and what was reported of it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from evals.gate.lived import JUDGING, results
from evals.gate.reports import reports
from models.gate.drift import ALERT, Seen, surprise
from state.feedback import Feedback
from state.schema import Json
from state.trace import Run
from state.verdict import MILD, Place

Acted = Callable[[str, str], bool]
"""Whether a verdict of this category and decision counts against a promise."""


@dataclass
class Live:
    """What one gate did at one place."""

    acts: Acted
    digest: str
    """Only runs that this gate judged count."""
    judged: int = 0
    acted: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    """How many verdicts of each decision, those that simply allowed a result not among them."""
    errors: int = 0
    reported: Counter[str] = field(default_factory=Counter)

    def add(self, judged: int, verdicts: Sequence[Mapping[str, Json]]) -> None:
        """Count what one node judged."""
        self.judged += judged
        for verdict in verdicts:
            category, decision = str(verdict.get("category")), str(verdict.get("decision"))
            self.acted += self.acts(category, decision)
            self.errors += category == "error"
            self.decisions[decision] += 1

    @property
    def held(self) -> int:
        """Texts that did not go on as they were."""
        return sum(count for decision, count in self.decisions.items() if decision not in MILD)

    def surprise(self, promised: float) -> float | None:
        """How likely so many are if the promise holds; None where nothing was judged."""
        return surprise(Seen(self.judged, min(self.acted, self.judged)), promised) if self.judged else None


def alerts(found: Live, promised: float) -> bool:
    """Whether live traffic breaks the promise."""
    unlikely = found.surprise(promised)
    return unlikely is not None and unlikely < ALERT


def add(places: Mapping[Place, Live], runs: Sequence[Run], said: Sequence[Feedback]) -> None:
    """Count one trace at the places whose gate judged it."""
    stamp = (runs[0].metadata.get("stamp") or {}).get("gate") or {} if runs else {}
    mine = {place: live for place, live in places.items() if stamp.get(place) == live.digest}
    for run in runs:
        if run.run_type != "chain" or run.outputs is None:
            continue
        verdicts = run.outputs.get("verdicts") or []
        if run.name in JUDGING and "result" in mine:
            mine["result"].add(max(len(list(results(run, runs))), len(verdicts)), verdicts)
        elif run.name in ("screen", "release") and run.name in mine:
            mine[run.name].add(len(verdicts), verdicts)
    for report in (report for one in said for report in reports(one)):
        if report.place in mine:
            mine[report.place].reported[report.kind] += 1
