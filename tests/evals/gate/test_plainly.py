import base64
from pathlib import Path

import pytest

from evals.gate.plainly import plainly, rendered, slips
from models.gate.artefact import read
from models.gate.ngrams.stored import model
from state.errors import UsageError
from tests.artefacts import ATTACK, rows, small


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small(tmp_path_factory.mktemp("artefact") / "request")


def test_a_text_without_disguise_scores_the_same_and_a_disguised_one_does_not(artefact: Path) -> None:
    trained = model(read(artefact))
    score = plainly(trained, "direct_injection")
    hidden = base64.b64encode(ATTACK.encode()).decode()
    assert score(ATTACK) == pytest.approx(trained.scores(ATTACK)["direct_injection"].probability)
    assert score(hidden) < trained.scores(hidden)["direct_injection"].probability


def test_what_slips_through_is_told_for_every_transformation(artefact: Path) -> None:
    some = [row for place, row in enumerate(rows()) if place % 40 == 0]
    found = slips(read(artefact), some)
    written = found[0]
    assert (written.transformation, written.recall_raw, written.recall_read) == ("as_written", 1, 1)
    assert "| as_written | 100.0% | 100.0% | 0.0% | 0.0% |" in rendered(found)


def test_attacks_and_benign_texts_are_needed(artefact: Path) -> None:
    with pytest.raises(UsageError, match="both kinds"):
        slips(read(artefact), rows(bad=()))
