from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.gate.scope_table import assistants
from models.embeddings.minilm import MiniLM
from models.gate.scope.classifier import Scope
from models.gate.scope.kept import Kept
from state.scope_policy import ScopePolicy

ROWS = assistants()["shop"]
INSIDE: dict[str, tuple[str, ...]] = {}
for _row in ROWS:
    if _row.label == 0:
        INSIDE[_row.sub] = (*INSIDE.get(_row.sub, ()), _row.text)
LINE = "Where is the parcel with my order? It should have been here on Tuesday. "


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


def made(folder: Path, each: int, **keys: object) -> Scope:
    inside = {intent: texts[:each] for intent, texts in INSIDE.items()}
    return Scope(ScopePolicy.model_validate({"inside": inside, **keys}), Kept(MiniLM(), folder))


@pytest.fixture(scope="module")
def shop(folder: Path) -> Scope:
    return made(folder, 20)


def refuses(scope: Scope, text: str) -> bool:
    [finding] = scope.classify(text, "screen")
    return finding.score >= finding.threshold


@pytest.mark.parametrize(
    "text",
    [
        "Where is my parcel?",
        "I'd like to send these trousers back",
        "yes please",
        "thanks!",
        "a human, please",
    ],
)
def test_what_the_assistant_is_for_passes(shop: Scope, text: str) -> None:
    assert not refuses(shop, text)


@pytest.mark.parametrize(
    "text",
    [
        "Prove by induction that the sum of the first n odd numbers is a square",
        "Who won the world cup in 1998?",
        "solve x^2 = 9",
    ],
)
def test_what_it_is_not_for_is_refused_with_the_reply(folder: Path, text: str) -> None:
    scope = made(folder, 20, reply="Ask me about {intents}.")
    [finding] = scope.classify(text, "screen")
    assert finding.score >= finding.threshold
    assert (finding.category, finding.action) == ("off_scope", "refuse")
    assert finding.reason == f"Ask me about {'; '.join(INSIDE)}."


@pytest.mark.parametrize("before", [0, 3, 30, 300])
def test_no_part_of_a_long_request_is_cut_off(shop: Scope, before: int) -> None:
    foreign = "Who won the world cup in 1998, and against whom? Solve x^2 = 9 and prove it. " * 24
    text = LINE * before + foreign + LINE * before
    [finding] = shop.classify(text, "screen")
    assert finding.score >= finding.threshold
    [(start, end)] = finding.spans
    assert start < len(LINE) * before + len(foreign)
    assert end > len(LINE) * before
    assert not refuses(shop, LINE * max(before, 1))


def test_a_request_in_another_language_is_flagged_only(shop: Scope) -> None:
    for text in ("Wo ist mein Paket? Ich habe es nicht bekommen.", "我的包裹在哪里", "где моя посылка"):
        [finding] = shop.classify(text, "screen")
        assert finding.action == "flag"


def test_it_judges_requests_only(shop: Scope) -> None:
    assert shop.classify("Write a poem.", "result") == []
    assert shop.classify("Write a poem.", "release") == []


def test_with_59_examples_it_promises_and_with_fewer_it_says_how_many_are_missing(folder: Path) -> None:
    few, enough = made(folder, 5), made(folder, 6)
    assert (few.card.missing, few.card.false_alarms, few.card.action) == (9, None, "flag")
    assert "9 examples more" in few.card.promised
    assert (enough.card.missing, enough.card.false_alarms, enough.card.action) == (0, 0.05, "refuse")


def test_the_policy_may_refuse_without_a_promise(folder: Path) -> None:
    assert made(folder, 5, action="refuse").card.action == "refuse"
    own = made(folder, 6, threshold=0.9).card
    assert (own.threshold, own.false_alarms, own.action) == (0.9, None, "refuse")


def test_the_threshold_spares_the_promised_share_of_the_examples_themselves(shop: Scope) -> None:
    alone = shop._probability(shop._prototypes.each_alone())
    assert 0 < np.mean(alone >= shop.card.threshold) <= 0.05


def test_outside_examples_push_away_what_is_like_them(folder: Path) -> None:
    jobs = tuple(row.text for row in ROWS if row.sub == "jobs")
    plain, told = made(folder, 10), made(folder, 10, outside={"jobs": jobs[:5]})
    assert np.mean([refuses(told, text) for text in jobs[5:]]) > np.mean(
        [refuses(plain, text) for text in jobs[5:]]
    )


def test_other_examples_or_knobs_have_another_digest(folder: Path, shop: Scope) -> None:
    others = [made(folder, 19), made(folder, 20, reply="No."), made(folder, 20, false_alarms=0.1)]
    assert len({shop.digest, *(one.digest for one in others)}) == 4
    assert made(folder, 20).digest == shop.digest


@settings(max_examples=40, deadline=None)
@given(text=st.text(max_size=3_000))
def test_every_text_has_a_score_and_a_span_within_it(shop: Scope, text: str) -> None:
    [finding] = shop.classify(text, "screen")
    assert 0 <= finding.score <= 1
    assert all(0 <= start <= end <= len(text) for start, end in finding.spans)
