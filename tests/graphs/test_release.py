"""What leaves: judged for who is told, said with a way out, streamed in pieces."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from graphs.wiring import Parts, wire
from models.faithfulness.checker import Checked
from models.gate.classifier import Finding
from models.gate.streaming import guard
from nodes.supporting import Supporting
from nodes.withheld import ADVICE
from state.agent import Context
from state.gate_policy import PlacePolicy
from state.policy import Limits, VerifyPolicy
from state.support import Support
from state.usage import Usage
from state.verdict import Place
from tests.fakes import ScriptedChat, parts
from tests.graphs.test_wiring import GOOD, SEARCH, TEXT, claim, draft, run, searching
from tools.capability import Caller

MARKER = "Kestrel-7731-Alder"
CANARIES = {"gate": {"canaries": {"acme": [MARKER], "public": ["Public-0000-Pine"]}}}
QUOTING = draft(claim("The code is Kestrel.", f"code {MARKER}"))


def made(answer: dict[str, Any] = GOOD, text: str = TEXT, policy: dict[str, Any] | None = None) -> Parts:
    return parts(ScriptedChat({"plan": [SEARCH], "answer": [answer]}), [searching(text)], policy)


def streamed(made: Parts, *modes: Any) -> list[tuple[str, Any]]:
    async def go() -> list[tuple[str, Any]]:
        given = {"messages": [HumanMessage("How long?")]}
        stream = wire(made).compile().astream(given, context=Context(), stream_mode=list(modes))
        return [part async for part in stream]

    return asyncio.run(go())


def deltas(events: list[tuple[str, Any]]) -> list[str]:
    return [
        what["delta"] for mode, what in events if mode == "custom" and what.get("event") == "warrant.answer"
    ]


@pytest.mark.parametrize("answer", [QUOTING, draft(claim("It is kestrel_7731_alder.", f"code {MARKER}"))])
def test_marked_text_of_others_does_not_leave(answer: dict[str, Any]) -> None:
    end = run(made(answer, f"The code {MARKER} opens it.", CANARIES))
    assert (end["outcome"], end["answer"]) == ("refused", None)
    assert end["reason"].endswith(ADVICE["foreign_data"])
    assert "acme" not in end["reason"]
    assert "estrel" not in str(end["messages"][-1].text)
    assert end["verdicts"][-1]["category"] == "foreign_data"


def test_marked_text_leaves_to_who_holds_its_label() -> None:
    asked = replace(
        made(QUOTING, f"The code {MARKER} opens it.", CANARIES),
        caller=lambda _: Caller(labels=frozenset({"public", "acme"})),
    )
    assert run(asked)["outcome"] == "answered"


def test_marked_text_does_not_leave_as_the_reason_of_a_failure() -> None:
    refusal = draft(missing=f"I'm sorry, I can't help with that {MARKER}.")
    end = run(made(refusal, policy=CANARIES))
    assert end["outcome"] == "refused"
    assert MARKER not in end["reason"]


class Doubting:
    """A checker that supports nothing."""

    name, digest, spends = "doubting", "sha256:1", False

    async def check(self, claim: str, texts: Sequence[str]) -> Checked:
        return Checked(Support(score=0.1, verdict="unsupported"), Usage())


def doubted(actions: dict[str, str], **thresholds: float) -> dict[str, Any]:
    policy = {"gate": {"release": {"actions": actions, "thresholds": thresholds}}}
    answer = draft(claim("You have 30 days.", "within 30 days"), claim("Post it.", "Shipping back"))
    return run(
        replace(made(answer, policy=policy), supporting=Supporting(Doubting(), VerifyPolicy(), Limits()))
    )


def test_an_unsupported_claim_is_flagged_with_its_place() -> None:
    end = doubted({})
    verdict = end["verdicts"][-1]
    assert end["outcome"] == "answered"
    assert (verdict["decision"], verdict["category"]) == ("flag", "unsupported_claim")
    assert verdict["score"] == pytest.approx(0.9)
    text = end["answer"]["text"]
    assert [text[start:end] for start, end in verdict["spans"]] == ["You have 30 days.", "Post it."]


def test_an_unsupported_claim_is_refused_where_the_policy_says_so() -> None:
    end = doubted({"unsupported_claim": "refuse"})
    assert (end["outcome"], end["answer"]) == ("refused", None)
    assert end["reason"].endswith(ADVICE["unsupported_claim"])
    assert doubted({"unsupported_claim": "refuse"}, unsupported_claim=0.95)["outcome"] == "answered"


def test_a_supported_claim_is_no_finding() -> None:
    assert run(made())["verdicts"][-1]["category"] == "ok"


def test_a_model_that_refuses_is_told_as_that() -> None:
    end = run(made(draft(missing="I'm sorry, but I can't assist with that.")))
    assert (end["outcome"], end["answer"]) == ("refused", None)
    assert "I can't assist with that" in end["reason"]


def test_the_released_answer_streams_in_pieces() -> None:
    text = "Tea may be returned within 30 days. " * 40
    answer = draft(claim(text.strip(), "within 30 days"))
    events = streamed(made(answer, text), "custom", "values")
    pieces = deltas(events)
    said = [what for mode, what in events if mode == "values"][-1]["messages"][-1].text
    assert "".join(pieces) == said
    assert len(pieces) > 3


def test_nothing_streams_before_the_verdict_and_nothing_of_what_is_refused() -> None:
    events = streamed(made(draft(claim("FORBIDDEN: 30 days.", "30 days"))), "custom", "messages", "values")
    assert deltas(events) == []
    told = [part[0].text for mode, part in events if mode == "messages" and part[0].type == "ai"]
    assert "FORBIDDEN" not in "".join(told)
    assert events[-1][1]["outcome"] == "refused"


def test_no_word_of_a_draft_reaches_a_stream_of_messages() -> None:
    events = streamed(made(), "messages")
    said = [message.text for _, (message, _) in events if message.type == "ai"]
    assert said == ["You have 30 days. [1]\n\n[1] returns.md"]


class Late:
    """Finds in parts of a text what it did not find in the whole."""

    name, digest, categories, window = "late", "sha256:1", frozenset({"secret"}), 100

    def classify(self, text: str, place: Place) -> Sequence[Finding]:
        at = text.find("[1]")
        return [Finding("secret", 1.0, "It ends badly.", ((at, at + 3),))] if at >= 0 else []


def test_what_stops_the_stream_is_the_verdict() -> None:
    asked = replace(made(), guard=guard([Late()], PlacePolicy()))
    events = streamed(asked, "custom", "values")
    assert "".join(deltas(events)) == "You have 30 days. "
    end = events[-1][1]
    assert (end["outcome"], end["answer"], end["verdicts"][-1]["classifier"]) == ("refused", None, "stream")
    assert end["reason"] == f"The answer was withheld by the gate: It ends badly. {ADVICE['secret']}"


def test_the_names_of_sources_are_judged_too() -> None:
    asked = made()
    seen = list[str]()

    async def judge(text: str, place: Place) -> Any:
        seen.append(text)
        return await asked.judge(text, place)

    run(replace(asked, judge=judge))
    assert "returns.md" in seen[-1]
