from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from evals.gate.rows import distinct
from evals.gate.scope_table import Judged, assistants, judged, measured
from models.embeddings.minilm import MiniLM
from models.gate.scope.kept import Kept


def test_every_assistant_has_its_intents() -> None:
    for name, rows in assistants().items():
        distinct(rows)
        sizes = Counter((row.label, row.sub) for row in rows)
        assert Counter(label for label, _ in sizes) == {0: 10, 1: 15}, name
        assert {size for (label, _), size in sizes.items() if label == 0} == {30}
        assert {size for (label, _), size in sizes.items() if label == 1} == {12}


def test_figures_are_those_of_the_scores() -> None:
    scores = Judged(
        inside=np.array([0.1, 0.2, 0.3, 0.6]),
        given=np.array([0.9, 0.1]),
        near=np.array([0.5, 0.7]),
        far=np.array([0.8]),
        threshold=0.5,
        promised=True,
    )
    found = measured("shop", 5, True, scores)
    assert (found.refused_inside, found.recall_given, found.recall_near, found.recall_far) == (
        0.25,
        0.5,
        1,
        1,
    )
    assert (found.auc_near, found.auc_far) == (7 / 8, 1)


def test_no_example_is_judged_and_more_examples_rank_better(tmp_path: Path) -> None:
    rows, kept = assistants()["shop"], Kept(MiniLM(), tmp_path)
    few, many = (judged(rows, [], size, 0, given=False, kept=kept) for size in (5, 150))
    assert (len(few.inside), len(many.inside), len(few.near), len(few.given)) == (295, 150, 120, 35)
    assert many.promised
    assert not few.promised
    figures = [measured("shop", 0, False, one) for one in (few, many)]
    assert figures[1].auc_near > figures[0].auc_near
    assert figures[1].auc_near == pytest.approx(0.86, abs=0.1)
    assert figures[1].refused_inside <= 0.06
