import numpy as np
import pytest

from tools.index.similarity import SINGLE, cosines, each_to_each


@pytest.mark.parametrize("rows", [0, 1, 33, 34, 35, 500])
def test_similarities_in_pieces_are_those_of_one_product(rows: int) -> None:
    vectors = np.random.default_rng(rows).normal(size=(rows, 384)).astype(np.float32)
    others = np.random.default_rng(1).normal(size=(20, 384)).astype(np.float32)
    assert np.allclose(each_to_each(vectors, others), vectors @ others.T, atol=1e-4)
    assert np.allclose(cosines(vectors, others[0]), vectors @ others[0], atol=1e-4)
    some = np.arange(0, rows, 2)
    assert np.array_equal(cosines(vectors, others[0], some), cosines(vectors, others[0])[some])


def test_more_others_than_one_piece_holds() -> None:
    others = np.eye(4, dtype=np.float32).repeat(SINGLE // 8, axis=0)
    assert each_to_each(np.eye(4, dtype=np.float32)[:2], others).sum() == SINGLE / 4
