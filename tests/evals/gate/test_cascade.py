import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from evals.gate.cascade import fitted, main
from evals.gate.metrics import auc
from models.gate.cascade import combined


def test_two_stages_that_know_different_things_are_better_than_each() -> None:
    rng = np.random.default_rng(5)
    bad = rng.random(2000) < 0.4
    one, other = (rng.normal(size=2000) + np.where(bad, 1.0, -1.0) for _ in range(2))
    card = fitted("attack", bad, one, other, grey=0.5)
    assert card.ngrams == pytest.approx(2, abs=0.3)
    assert card.encoder == pytest.approx(2, abs=0.3)
    assert (expit(one[~bad]) >= card.grey[0]).mean() == pytest.approx(0.5, abs=0.01)
    assert card.unasked < 0
    both = np.array([combined(card, *pair) for pair in zip(one, other, strict=True)])
    assert auc(both[bad], both[~bad]) > max(auc(each[bad], each[~bad]) for each in (one, other))


def test_an_incomplete_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = tmp_path / "scores.jsonl"
    scores.write_text(
        json.dumps({"label": 1, "source": "a", "ngrams": 0.5, "encoder": 0.5}), encoding="utf-8"
    )
    assert main(["--scores", str(scores), "--folder", str(tmp_path)]) == 2
    assert "card.json" in capsys.readouterr().err
