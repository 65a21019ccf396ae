import asyncio
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from pydantic import SecretStr

from models.gate.judging import Judging
from models.gate.moderation import CHARACTERS, Moderation
from state.errors import UsageError
from state.gate_policy import PlacePolicy
from state.verdict import Verdict


class Endpoint(ThreadingHTTPServer):
    """Answers as the test says, and remembers what it was asked."""

    answer: Any = None
    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1/moderations#omni"


class Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append(body)
        self.server.keys.append(self.headers["authorization"])
        answer = self.server.answer
        content = json.dumps(answer(body["input"]) if callable(answer) else answer).encode()
        self.send_response(self.server.status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def scored(texts: list[str]) -> dict[str, Any]:
    return {
        "results": [
            {
                "flagged": "bomb" in text,
                "category_scores": {"illicit/violent": 0.97 if "bomb" in text else 0.01},
            }
            for text in texts
        ]
    }


def judged(endpoint: Endpoint, text: str) -> Verdict:
    moderation = Moderation(endpoint.address, SecretStr("key"), 5)
    return asyncio.run(Judging("screen", PlacePolicy(), [moderation])(text))


def test_its_highest_score_counts_wherever_it_stands(endpoint: Endpoint) -> None:
    endpoint.answer = scored
    assert judged(endpoint, "hello").scores == {"harmful_request": 0.01}
    long = "a" * (CHARACTERS * 2) + " a bomb"
    verdict = judged(endpoint, long)
    assert (verdict.decision, verdict.category, verdict.score) == ("refuse", "harmful_request", 0.97)
    assert "bomb" in long[slice(*verdict.spans[0])]
    assert endpoint.asked[-1]["model"] == "omni"
    assert set(endpoint.keys) == {"Bearer key"}


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, {}),
        (200, {"results": []}),
        (200, {"results": [{"category_scores": {}}]}),
        (200, {"results": [{"category_scores": {"hate": 7}}]}),
        (200, "nonsense"),
        (200, {"results": [{"category_scores": {"hate": 0.1}}] * 2}),
    ],
)
def test_whatever_else_it_answers_refuses(endpoint: Endpoint, status: int, answer: Any) -> None:
    endpoint.status, endpoint.answer = status, answer
    verdict = judged(endpoint, "hello")
    assert (verdict.decision, verdict.category) == ("refuse", "error")


def test_a_server_that_is_gone_refuses(endpoint: Endpoint) -> None:
    moderation = Moderation("http://127.0.0.1:9/v1/moderations#omni", None, 1)
    verdict = asyncio.run(Judging("screen", PlacePolicy(), [moderation])("hello"))
    assert (verdict.decision, verdict.category) == ("refuse", "error")


@pytest.mark.parametrize("address", ["", "http://127.0.0.1/v1", "https://me:pw@host/v1#omni"])
def test_an_address_that_is_none_is_said_without_its_password(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        Moderation(address, None, 1)
    assert "pw" not in str(caught.value)
