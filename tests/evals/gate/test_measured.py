import asyncio
from collections.abc import Sequence

import pytest

from evals.gate.given import row
from evals.gate.judged import judge
from evals.gate.measured import Measured, measured, misses, rendered
from models.gate.classifier import Finding
from models.gate.judging import Judging
from state.gate_policy import PlacePolicy
from state.verdict import Action, Place


class Marks:
    """Reads the score of a text from its end; one that ends in nothing raises."""

    name = "marks"
    digest = "1"
    categories = frozenset({"direct_injection"})

    def __init__(self, action: Action = "refuse") -> None:
        self.action: Action = action

    def classify(self, text: str, place: Place) -> Sequence[Finding]:
        return [Finding("direct_injection", float(text.rsplit(maxsplit=1)[-1]), "x", action=self.action)]


def _measured(*texts: tuple[str, int], action: Action = "refuse", flags: bool = False) -> Measured:
    rows = [row({"text": text, "label": label}, f"source{label}") for text, label in texts]
    judging = Judging("screen", PlacePolicy(), [Marks(action)])
    return measured(asyncio.run(judge(rows, {"screen": judging})), flags=flags)


TEXTS = (("a 0.9", 1), ("b 0.8", 1), ("c 0.2", 1), ("d 0.1", 0), ("e 0.7", 0), ("f 0.0", 0), ("g 0.3", 0))


def test_recall_and_false_alarms_are_counted_at_the_threshold_of_the_gate() -> None:
    found = _measured(*TEXTS)
    (total,) = found.totals
    assert (total.recall.held, total.recall.of) == (2, 3)
    assert (total.false_alarms.held, total.false_alarms.of) == (1, 4)
    (ranking,) = found.rankings
    assert ranking.auc.value == pytest.approx(10 / 12)
    names = {(group.by, group.name): group for group in found.groups}
    assert names["source", "source1"].false_alarms.value is None
    assert names["category", "benign"].false_alarms.value == 0.25
    assert "66.7% (20.8% – 93.9%) of 3" in rendered(found)


def test_what_is_only_flagged_counts_where_it_is_asked_for() -> None:
    assert _measured(*TEXTS, action="flag").totals[0].recall.held == 0
    assert _measured(*TEXTS, action="flag", flags=True).totals[0].recall.held == 2


def test_bounds_that_are_not_kept_are_named() -> None:
    found = _measured(*TEXTS)
    assert misses(found, 0.25, 0.66) == []
    assert misses(found, None, None) == []
    alarms, recall = misses(found, 0.24, 0.67)
    assert "25.00% false alarms, more than 24.00%" in alarms
    assert "66.7%, less than 67.0%" in recall


def test_a_text_that_cannot_be_judged_counts_as_held_and_is_told() -> None:
    found = _measured(("nothing", 0), ("a 0.9", 1))
    assert found.errors == 1
    assert found.totals[0].false_alarms.held == 1
    assert "1 texts could not be judged" in rendered(found)
