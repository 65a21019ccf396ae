import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from models.gate.classifier import Finding
from models.gate.rules import Rules
from models.gate.streaming import Guard, Local, WithheldError, guard, guarded
from state.gate_policy import PlacePolicy
from state.verdict import Place
from tests.models.test_sensitive import PERSONAL, SECRETS

SECRET = SECRETS["github_token"][0]
MAIL = PERSONAL["email"][0]
PROSE = "The parcel will arrive on Friday, as we promised in our mail. " * 20


@dataclass
class Scripted:
    """A classifier of parts of texts that does what the test says."""

    answer: Callable[[str], Any]
    name: str = "scripted"
    digest: str = "sha256:1"
    categories: frozenset[str] = frozenset({"secret"})
    window: int = 100

    def classify(self, text: str, place: Place) -> Sequence[Finding]:
        findings: Sequence[Finding] = self.answer(text)
        return findings


async def pieces(texts: Iterable[str]) -> AsyncIterator[str]:
    for text in texts:
        yield text


def left(texts: Iterable[str], by: Guard) -> tuple[str, WithheldError | None]:
    """What leaves of a stream, and why it stopped."""

    async def go() -> tuple[str, WithheldError | None]:
        got = ""
        try:
            async for text in guarded(pieces(texts), by):
                got += text
        except WithheldError as error:
            return got, error
        return got, None

    return asyncio.run(go())


RULES = guard([Rules()], PlacePolicy())


def test_a_clean_stream_leaves_whole() -> None:
    assert left(PROSE, RULES) == (PROSE, None)
    assert left([], RULES) == ("", None)


def test_a_secret_stops_the_stream_before_its_first_character() -> None:
    got, error = left(f"{PROSE}{SECRET} {PROSE}", RULES)
    assert got == PROSE
    assert error is not None
    assert (error.finding.category, error.finding.spans[0][0]) == ("secret", len(PROSE))
    assert SECRET not in str(error)


@pytest.mark.parametrize(("action", "leaves"), [("flag", True), ("ask", False), ("refuse", False)])
def test_the_policy_says_what_stops_a_stream(action: Any, leaves: bool) -> None:
    by = guard([Rules()], PlacePolicy(actions={"personal_data": action}))
    got, error = left([PROSE, MAIL], by)
    assert (MAIL in got, error is None) == (leaves, leaves)


def test_the_policy_says_from_which_probability_on() -> None:
    half = Scripted(lambda _: [Finding("secret", 0.5, "", ((0, 1),))])
    assert left(PROSE, guard([half], PlacePolicy(thresholds={"secret": 0.6}))) == (PROSE, None)
    assert left(PROSE, guard([half], PlacePolicy()))[0] == ""


def raising(error: BaseException) -> Callable[[str], Any]:
    def answer(_text: str) -> Any:
        raise error

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        raising(ValueError(SECRET)),
        raising(SystemExit()),
        lambda _: None,
        lambda _: [None],
        lambda _: [Finding("secret", math.nan, "")],
        lambda _: [Finding("unheard_of", 1.0, "")],
        lambda _: [Finding("secret", 1.0, "", ((0, 10_000),))],
    ],
)
def test_a_classifier_that_fails_stops_the_stream(answer: Callable[[str], Any]) -> None:
    got, error = left([PROSE], guard([Scripted(answer)], PlacePolicy(action="flag")))
    assert got == ""
    assert error is not None
    assert error.finding.category == "error"
    assert SECRET not in str(error)


def test_one_that_fails_later_stops_it_there() -> None:
    def answer(text: str) -> list[Finding]:
        if "promised in our mail. !" in text:
            raise ValueError
        return []

    got, error = left([*PROSE, *"!", *PROSE], guard([Scripted(answer)], PlacePolicy()))
    assert error is not None
    assert PROSE.startswith(got)
    assert got


def test_one_that_hangs_stops_the_stream_in_time() -> None:
    def hang(_text: str) -> list[Finding]:
        time.sleep(5)
        return []

    started = time.monotonic()
    got, error = left([PROSE], guard([Scripted(hang)], PlacePolicy(timeout_seconds=0.1)))
    assert time.monotonic() - started < 3
    assert got == ""
    assert error is not None
    assert "longer than 0.1 s" in str(error)


def test_what_comes_after_is_not_read_and_the_source_is_closed() -> None:
    read, closed = list[int](), list[bool]()

    async def source() -> AsyncIterator[str]:
        try:
            for number in range(1_000):
                read.append(number)
                yield f"{SECRET} {PROSE}"
        finally:
            closed.append(True)

    async def go() -> None:
        with pytest.raises(WithheldError):
            [text async for text in guarded(source(), RULES)]
        assert closed == [True]

    asyncio.run(go())
    assert read == [0]


def test_an_error_of_the_source_is_the_source_s() -> None:
    async def source() -> AsyncIterator[str]:
        yield PROSE
        raise ConnectionError("gone")

    async def go() -> None:
        with pytest.raises(ConnectionError, match="gone"):
            [text async for text in guarded(source(), RULES)]

    asyncio.run(go())


def test_it_goes_around_the_stream_of_a_chat_model() -> None:
    async def go(said: str) -> str:
        model = GenericFakeChatModel(messages=iter([AIMessage(said)]))
        chunks = (str(chunk.text) async for chunk in model.astream("Hello."))
        return "".join([text async for text in guarded(chunks, RULES)])

    assert asyncio.run(go(PROSE)) == PROSE
    with pytest.raises(WithheldError):
        asyncio.run(go(f"{PROSE} {SECRET}"))


def test_one_that_judges_the_whole_does_not_look_at_parts() -> None:
    class Whole:
        name, digest, categories = "whole", "sha256:1", frozenset({"secret"})

        def classify(self, text: str, place: Place) -> Sequence[Finding]:
            raise AssertionError("it is not asked")

    assert not isinstance(Whole(), Local)
    assert left([PROSE], guard([Whole()], PlacePolicy())) == (PROSE, None)


def test_the_window_is_the_longest_of_those_who_look() -> None:
    both = [Scripted(lambda _: [], window=50), Scripted(lambda _: [], window=700)]
    assert guard(both, PlacePolicy()).window == 700
