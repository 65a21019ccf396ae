import asyncio
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from models.gate.classifier import Classifier
from models.gate.guard import GuardClassifier
from models.gate.judging import Judging
from state.errors import UsageError
from state.gate_policy import PlacePolicy

WORDS = ["[UNK]", "[PAD]", "fine", "attack"]
WEIGHT = {"fine": [0.0, 0.0], "attack": [0.0, 9.0]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model of two classes whose second logit counts the tokens `attack`."""
    tokenizer = Tokenizer(WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    table = np.array([WEIGHT.get(word, [0.0, 0.0]) for word in WORDS], np.float32)
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["each"]),
        helper.make_node("ReduceSum", ["each", "along"], ["summed"], keepdims=0),
        helper.make_node("Sub", ["summed", "bias"], ["logits"]),
    ]
    constants = {
        "table": table,
        "along": np.array([1], np.int64),
        "bias": np.array([0.0, 4.0], np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "count",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "length"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 2])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9),
        tmp_path / "model.onnx",
    )
    (tmp_path / "config.json").write_text(json.dumps({"id2label": {"0": "BENIGN", "1": "MALICIOUS"}}))
    return tmp_path


def test_what_is_not_benign_counts_wherever_it_stands(folder: Path) -> None:
    guard = GuardClassifier(folder)
    assert isinstance(guard, Classifier)
    [fine] = guard.classify("fine fine", "screen")
    assert fine.score < 0.05
    text = "fine " * 5_000 + "attack" + " fine" * 5_000
    [found] = guard.classify(text, "result")
    assert (found.category, found.score > 0.95) == ("indirect_injection", True)
    assert "attack" in text[slice(*found.spans[0])]


def test_strange_texts_are_judged(folder: Path) -> None:
    guard = GuardClassifier(folder)
    for text in ("", "\ud800", "\x00" * 5_000):
        assert guard.classify(text, "screen")[0].score < 0.05


def test_the_digest_is_that_of_the_files(folder: Path) -> None:
    before = GuardClassifier(folder).digest
    (folder / "config.json").write_text(json.dumps({"id2label": {"0": "MALICIOUS", "1": "BENIGN"}}))
    assert GuardClassifier(folder).digest != before


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "config.json"])
def test_a_missing_file_is_named_at_once(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(UsageError, match=f"has no {name}"):
        GuardClassifier(folder)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("{", "names no classes"),
        ("{}", "names no classes"),
        ('{"id2label": [1]}', "names no classes"),
        ('{"id2label": {"0": "A", "1": "B"}}', "None of the classes A, B"),
    ],
)
def test_classes_of_which_none_is_benign_are_said(folder: Path, config: str, said: str) -> None:
    (folder / "config.json").write_text(config)
    with pytest.raises(UsageError, match=said):
        GuardClassifier(folder)


def test_a_damaged_model_refuses(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"nonsense")
    judging = Judging("screen", PlacePolicy(), [GuardClassifier(folder)])
    verdict = asyncio.run(judging("fine"))
    assert (verdict.decision, verdict.category) == ("refuse", "error")
