"""Who gets no answer is told what they can do, for every category that can be found in what leaves."""

import pytest

from models.gate.canaries import ForeignData
from models.gate.leak import Leak
from models.gate.rules import Rules
from nodes.withheld import ADVICE, OTHERWISE, way_out, withheld
from state.verdict import Verdict

FOUND = Rules.categories | Leak.categories | ForeignData.categories


def verdict(category: str) -> Verdict:
    return Verdict(
        place="release",
        decision="refuse",
        category=category,
        score=1.0,
        threshold=0.5,
        classifier="test",
        reason="It says something.",
    )


@pytest.mark.parametrize("category", sorted({*FOUND, *ADVICE}))
def test_every_category_has_its_own_way_out(category: str) -> None:
    said = withheld(verdict(category))
    assert said.startswith("The answer was withheld by the gate: It says something. ")
    assert said.endswith(ADVICE[category])
    assert [one for one in ADVICE if ADVICE[one] == ADVICE[category]] == [category]


def test_a_category_of_ones_own_has_a_way_out_too() -> None:
    assert way_out("brand_new") == OTHERWISE
