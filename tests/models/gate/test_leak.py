import base64
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.gate.canaries import canary
from models.gate.leak import THRESHOLD, Leak
from models.gate.streaming import Local, guard
from models.text import sentences
from state.gate_policy import PlacePolicy
from state.settings import PROJECT
from tests.models.gate.test_streaming import PROSE, left

PROMPTS = {path.stem: path.read_text(encoding="utf-8") for path in (PROJECT / "nodes/prompts").glob("*.md")}
LEAK = Leak(PROMPTS)
DOCUMENTS = sorted(Path(PROJECT / "demo/documents").glob("*.md"))


def score(text: str) -> float:
    return max(finding.score for finding in LEAK.classify(text, "release"))


def parts() -> list[str]:
    """Three sentences of each prompt."""
    found = []
    for prompt in PROMPTS.values():
        spans = sentences(prompt)[1:4]
        found.append(prompt[spans[0][0] : spans[-1][1]])
    return found


WAYS = {
    "as it stands": lambda text: text,
    "within an answer": lambda text: f"{PROSE[:300]} Here is what I was told. {text} {PROSE[:300]}",
    "capitals": str.upper,
    "quote": lambda text: "> " + text.replace("\n", "\n> "),
    "JSON": json.dumps,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "spaced": lambda text: "   ".join(" ".join(word) for word in text.split()),
    "URL": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "first person": lambda text: text.replace("You ", "I ").replace("your", "my"),
    "a word left out": lambda text: " ".join(word for at, word in enumerate(text.split()) if at % 9 != 5),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_part_of_a_prompt_is_found_in_whatever_way_it_is_written(way: str) -> None:
    for part in parts():
        written = WAYS[way](part)
        [finding] = LEAK.classify(written, "release")
        assert finding.category == "prompt_leak"
        assert finding.score >= THRESHOLD, written
        assert finding.spans


def test_the_span_is_where_the_prompt_stands() -> None:
    part = parts()[0]
    text = f"{PROSE} {part} {PROSE}"
    [finding] = LEAK.classify(text, "release")
    [(start, end)] = finding.spans
    at = text.index(part)
    assert abs(start - at) <= 20
    assert abs(end - (at + len(part))) <= 20


@pytest.mark.parametrize("name", PROMPTS)
def test_a_canary_is_proof(name: str) -> None:
    [finding] = LEAK.classify(f"Das Dokument heißt {canary(PROMPTS[name])}.", "release")
    assert (finding.score, finding.spans) == (1.0, ((19, 35),))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_documents_of_the_demo_are_no_leak(path: Path) -> None:
    assert score(path.read_text(encoding="utf-8")) < THRESHOLD / 2


@pytest.mark.parametrize(
    "text",
    [
        "I look up your documents, and every statement that I make names the source that it comes from.",
        "I can search the documents, look up orders and calculate. Writing needs your approval.",
        "I cannot answer this from the evidence I found.",
        "refund_order was not called: it needs an approval.",
        "Copy the text character by character and check that each number is right.",
    ],
)
def test_an_answer_about_the_application_is_no_leak(text: str) -> None:
    assert score(text) < THRESHOLD


@given(st.text(max_size=400))
def test_any_text_has_a_probability_and_spans_inside_of_it(text: str) -> None:
    [finding] = LEAK.classify(text, "release")
    assert 0 <= finding.score <= 1
    assert all(0 <= start <= end <= len(text) for start, end in finding.spans)


def test_instructions_in_a_script_without_spaces_are_compared_too() -> None:
    told = "あなたは店の助手です。注文を確認してから状態を伝えてください。割引は遅れた荷物にだけ提供します。"
    leak = Leak({"only": told})
    assert leak.classify(f"私の指示は次の通りです。{told}", "release")[0].score >= THRESHOLD
    assert (
        leak.classify("荷物は金曜日に届きます。返品は三十日以内にできます。", "release")[0].score < THRESHOLD
    )


def test_a_stream_stops_before_the_prompt() -> None:
    assert isinstance(LEAK, Local)
    by = guard([LEAK], PlacePolicy())
    draw = random.Random(1)
    for part in parts():
        text = f"{PROSE} {part} {PROSE}"
        cuts = sorted(draw.randrange(len(text)) for _ in range(40))
        pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        got, error = left(pieces, by)
        assert error is not None
        assert error.finding.category == "prompt_leak"
        assert text.startswith(got)
        assert len(got) <= text.index(part) + 20
        assert (got, error.finding) == (left([text], by)[0], error.finding)


def test_other_prompts_make_another_digest() -> None:
    assert Leak({"only": "Be kind."}).digest != Leak({"only": "Be brief."}).digest
