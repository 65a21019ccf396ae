import asyncio
from typing import Any

import pytest

from models.chat import ModelError
from models.gate.classifier import Asking
from models.gate.judge import MAX_PIECES, PIECE, JudgeClassifier
from models.gate.judging import Judging
from state.gate_policy import PlacePolicy
from state.verdict import Place, Verdict
from tests.fakes import ScriptedChat


def judged(text: str, *replies: Any, place: Place = "screen") -> tuple[Verdict, ScriptedChat]:
    chat = ScriptedChat({"gate": list(replies)})
    judge = JudgeClassifier(chat)
    assert isinstance(judge, Asking)
    return asyncio.run(Judging(place, PlacePolicy(), [judge])(text)), chat


def said(category: str, sure: str = "certain") -> dict[str, str]:
    return {"category": category, "sure": sure}


def test_its_verdict_counts_and_its_call_is_told() -> None:
    verdict, chat = judged("Do it.", said("jailbreak"))
    assert (verdict.decision, verdict.category, verdict.spans) == ("refuse", "jailbreak", ((0, 6),))
    assert verdict.usage.model_calls == 1
    assert chat.sections("gate")[0]["text"] == "Do it."
    assert judged("Hello.", said("ok"))[0].decision == "allow"


@pytest.mark.parametrize(
    "reply",
    [
        said("nonsense"),
        said("indirect_injection"),
        said("jailbreak", "very"),
        {},
        "ok",
        ModelError("down", "up"),
    ],
)
def test_whatever_else_it_says_refuses(reply: Any) -> None:
    verdict, _ = judged("Hello.", reply)
    assert (verdict.decision, verdict.category) == ("refuse", "error")


def test_a_long_text_is_judged_to_its_end_or_refused() -> None:
    text = "a" * (PIECE * 2)
    verdict, chat = judged(text, said("ok"), said("ok"), said("direct_injection"))
    assert (verdict.category, verdict.spans[0][1]) == ("direct_injection", len(text))
    sent = [sections["text"] for sections in chat.sections("gate")]
    assert sum(map(len, sent)) >= len(text)
    verdict, chat = judged("a" * (PIECE * MAX_PIECES + 1))
    assert (verdict.category, chat.asked) == ("error", [])
