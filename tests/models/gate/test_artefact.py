import json
from pathlib import Path

import numpy as np
import pytest

from models.gate.artefact import CARD, WEIGHTS, read, sha256, write
from models.gate.card import CalibrationCard, Card, HeadCard, Promise
from models.gate.ngrams.features import Shape
from models.gate.ngrams.model import Calibration, Head, NgramModel
from models.gate.ngrams.stored import arrays, features, model
from models.gate.trained import Trained
from state.errors import UsageError

SHAPE = Shape(word_bits=6, char_bits=7, window=130)


def _model() -> NgramModel:
    rng = np.random.default_rng(1)
    head = Head(
        rng.normal(size=SHAPE.columns).astype(np.float16).astype(np.float32), 0.25, Calibration(1.5, -0.5)
    )
    return NgramModel(SHAPE, np.ones(SHAPE.columns, dtype=np.float32), {"direct_injection": head})


def _card() -> Card:
    head = HeadCard(
        threshold=0.75,
        action="refuse",
        calibration=CalibrationCard(slope=1.5, offset=-0.5),
        promise=Promise(false_alarms=0.01, confidence=0.95, benign=400),
    )
    return Card(
        name="request",
        version=1,
        created="2026-11-29",
        surface="input",
        heads={"direct_injection": head},
        features=features(SHAPE),
        files={WEIGHTS: "0" * 64},
        data=(),
        splits="None.",
        metrics={},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "request", _card(), arrays(_model()), "# Card\n")
    return tmp_path / "request"


def test_what_is_written_is_read_again(folder: Path) -> None:
    artefact = read(folder)
    assert artefact.card.files == {WEIGHTS: sha256((folder / WEIGHTS).read_bytes())}
    text = "What is in the box?"
    assert model(artefact).scores(text) == _model().scores(text)


def test_the_same_model_makes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "again", _card(), arrays(_model()), "# Card\n")
    assert (folder / WEIGHTS).read_bytes() == (tmp_path / "again" / WEIGHTS).read_bytes()


def test_a_classifier_gives_a_finding_below_its_threshold_too(folder: Path) -> None:
    classifier = Trained(folder)
    (finding,) = classifier.classify("What is in the box?", "screen")
    assert (finding.category, finding.threshold, finding.action) == ("direct_injection", 0.75, "refuse")
    assert classifier.classify("What is in the box?", "result") == []
    assert classifier.digest == read(folder).card.digest


def test_thresholds_and_weights_change_the_digest(folder: Path) -> None:
    card = read(folder).card
    head = card.heads["direct_injection"].model_copy(update={"threshold": 0.5})
    assert card.model_copy(update={"heads": {"direct_injection": head}}).digest != card.digest
    assert card.model_copy(update={"files": {WEIGHTS: "1" * 64}}).digest != card.digest


@pytest.mark.parametrize("place", [0, 100, -1])
def test_one_changed_byte_of_the_weights_does_not_start(folder: Path, place: int) -> None:
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[place] ^= 1
    (folder / WEIGHTS).write_bytes(content)
    with pytest.raises(UsageError, match="SHA-256") as refused:
        Trained(folder)
    assert "train it anew" in refused.value.way_out


@pytest.mark.parametrize("name", [CARD, WEIGHTS])
def test_a_missing_file_does_not_start(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(UsageError, match=f"Cannot read .*{name}"):
        Trained(folder)


def test_a_missing_folder_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Cannot read"):
        Trained(tmp_path / "nowhere")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"name": 1}', "\x00"])
def test_a_card_that_is_none_does_not_start(folder: Path, content: str) -> None:
    (folder / CARD).write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=r"card\.json is"):
        Trained(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"files": {"../weights.npz": "0" * 64}},
        {"files": {"/etc/passwd": "0" * 64}},
        {"files": {}},
        {"unknown": 1},
        {"schema_version": 2},
    ],
)
def test_a_card_that_names_what_it_may_not_does_not_start(folder: Path, changes: dict[str, object]) -> None:
    content = json.loads((folder / CARD).read_text(encoding="utf-8"))
    (folder / CARD).write_text(json.dumps(content | changes), encoding="utf-8")
    with pytest.raises(UsageError, match="is no card"):
        Trained(folder)


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"no archive",
        b"PK\x03\x04 half an archive",
    ],
)
def test_weights_that_are_no_archive_do_not_start_though_the_digest_fits(folder: Path, wrong: bytes) -> None:
    _replace(folder, wrong)
    with pytest.raises(UsageError, match="holds no arrays"):
        Trained(folder)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rarity", np.ones(3, dtype=np.float16)),
        ("direct_injection.weights", np.full(SHAPE.columns, np.nan, dtype=np.float16)),
        ("direct_injection.bias", np.array("text")),
    ],
)
def test_arrays_that_do_not_fit_the_card_do_not_start(
    folder: Path, name: str, value: np.ndarray[tuple[int, ...], np.dtype[np.float16]]
) -> None:
    np.savez(folder / WEIGHTS, allow_pickle=False, **(arrays(_model()) | {name: value}))
    _replace(folder, (folder / WEIGHTS).read_bytes())
    with pytest.raises(UsageError, match=f"no usable array '{name}'"):
        Trained(folder)


def test_a_pickle_is_not_opened(folder: Path) -> None:
    np.savez(folder / WEIGHTS, allow_pickle=True, rarity=np.array([{"a": 1}], dtype=object))
    _replace(folder, (folder / WEIGHTS).read_bytes())
    with pytest.raises(UsageError, match="holds no arrays"):
        Trained(folder)


def _replace(folder: Path, weights: bytes) -> None:
    (folder / WEIGHTS).write_bytes(weights)
    content = json.loads((folder / CARD).read_text(encoding="utf-8"))
    content["files"][WEIGHTS] = sha256(weights)
    (folder / CARD).write_text(json.dumps(content), encoding="utf-8")
