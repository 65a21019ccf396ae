from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

from models.rerankers.cross_encoder import CrossEncoder
from state.errors import UsageError

WORDS = ["[UNK]", "[CLS]", "[SEP]", "red", "green", "fox", "hen"]


@pytest.fixture(params=[1, 2])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A model whose logit counts the tokens `fox` that are not padding, with one output or two."""
    tokenizer = Tokenizer(WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 1), ("[SEP]", 2)],
    )
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    shape = ["batch", "length"]
    table = np.zeros((len(WORDS), request.param), np.float32)
    table[WORDS.index("fox"), -1] = 1
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["each"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["masks"]),
        helper.make_node("Mul", ["each", "masks"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "along"], ["logits"], keepdims=0),
    ]
    constants = {"table": table, "last": np.array([2], np.int64), "along": np.array([1], np.int64)}
    graph = helper.make_graph(
        nodes,
        "count",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, shape)
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", request.param])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9),
        tmp_path / "model.onnx",
    )
    return tmp_path


def test_each_text_is_read_beside_the_query_in_any_order_of_length(folder: Path) -> None:
    reranker = CrossEncoder(folder)
    texts = ["fox " * count + "hen " * (count % 3) for count in range(40)]
    assert reranker.score("red", texts).tolist() == list(range(40))
    assert reranker.score("red", []).shape == (0,)
    assert reranker.score("red", ["\ud800 fox"]).tolist() == [1]


def test_a_long_text_is_cut_and_the_query_kept(folder: Path) -> None:
    assert CrossEncoder(folder).score("fox", ["hen " * 10_000]).tolist() == [1]


def test_a_damaged_model_says_so(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"nonsense")
    with pytest.raises(UsageError, match="cannot be loaded"):
        CrossEncoder(folder).score("fox", ["hen"])
