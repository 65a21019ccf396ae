import asyncio
import logging
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from scipy.stats import binom

from models.gate.classifier import Finding
from models.gate.drift import ALERT, FIRST, Seen, Watch, surprise
from models.gate.judging import Judging
from state.gate_policy import PlacePolicy
from state.verdict import Place


@pytest.mark.parametrize(("judged", "acted"), [(1, 0), (1, 1), (300, 3), (300, 12), (5000, 49)])
def test_the_surprise_is_the_upper_tail_of_the_binomial_distribution(judged: int, acted: int) -> None:
    assert surprise(Seen(judged, acted), 0.01) == pytest.approx(binom.sf(acted - 1, judged, 0.01))


def test_what_cannot_be_counted_is_refused() -> None:
    for wrong in (Seen(1, 2), Seen(-1, 0), Seen(3, -1)):
        with pytest.raises(ValueError, match="texts"):
            surprise(wrong, 0.01)


def _warnings(acted: Sequence[bool] | np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[int]:
    watch = Watch(0.01)
    return [number for number, one in enumerate(acted, 1) if watch.saw(acted=bool(one))]


def test_a_broken_promise_is_told_once_and_soon() -> None:
    told = _warnings([number % 10 == 0 for number in range(4000)])
    assert told == [FIRST]


def test_nothing_is_told_before_there_are_enough_texts() -> None:
    assert _warnings([True] * (FIRST - 1)) == []


def test_a_kept_promise_is_hardly_ever_told_broken_however_often_it_is_tested() -> None:
    random = np.random.default_rng(5)
    draws = 2000
    told = sum(bool(_warnings(random.random(FIRST * 16) < 0.01)) for _ in range(draws))
    assert told <= binom.isf(1e-6, draws, ALERT)


class Promises:
    """Acts on every text, at one place with a promise."""

    name = "promises"
    digest = "1"
    categories = frozenset({"direct_injection"})

    def classify(self, text: str, place: Place) -> Sequence[Finding]:
        return [Finding("direct_injection", 0.9, "It seems so.")]

    def promised(self, place: Place) -> Mapping[str, float]:
        return {"direct_injection": 0.01} if place == "screen" else {}


def _judge(place: Place, policy: PlacePolicy, caplog: pytest.LogCaptureFixture) -> list[str]:
    judging = Judging(place, policy, [Promises()])

    async def many() -> None:
        for _ in range(2 * FIRST):
            await judging("x")

    with caplog.at_level(logging.WARNING):
        asyncio.run(many())
    return [record.getMessage() for record in caplog.records]


def test_a_process_warns_once_in_the_log_with_the_way_out(caplog: pytest.LogCaptureFixture) -> None:
    (said,) = _judge("screen", PlacePolicy(), caplog)
    assert f"the gate at screen: {FIRST} of {FIRST} texts were acted on, where 1.0% were promised" in said
    assert "warrant gate train" in said


def test_where_nothing_is_promised_nothing_is_told(caplog: pytest.LogCaptureFixture) -> None:
    assert _judge("release", PlacePolicy(), caplog) == []
    assert _judge("screen", PlacePolicy(thresholds={"direct_injection": 0.4}), caplog) == []
