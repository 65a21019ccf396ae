from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from models.chat import ModelError
from models.rerankers.names import checked, resolve
from state.errors import UsageError


class Longest:
    """A reranker of one's own: longer texts first."""

    name = "longest"

    def score(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([len(text) for text in texts], np.float32)


@pytest.mark.parametrize("name", ["features", "rrf"])
def test_the_index_ranks_by_itself_without_a_second_model(name: str) -> None:
    assert resolve(name) is None


def test_one_of_your_own_is_named_by_module_and_attribute() -> None:
    found = resolve(f"{__name__}:Longest")
    assert found is not None
    assert found.score("", ["a", "bbb"]).tolist() == [1, 3]


@pytest.mark.parametrize(
    "name",
    ["", "best", "no.such.module:thing", "json:loads", "cross-encoder:/nowhere", "https://u:p@host/#m"],
)
def test_what_is_no_reranker_says_what_is(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(name)
    assert caught.value.way_out
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize("scores", [[1.0], [1.0, float("nan")], [1.0, float("inf")], ["a", "b"], [[1, 2]]])
def test_scores_must_be_one_finite_number_for_each_text(scores: object) -> None:
    with pytest.raises(ModelError):
        checked("r", scores, 2)
