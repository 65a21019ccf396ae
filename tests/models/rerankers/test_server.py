import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from pydantic import SecretStr

from models.chat import ModelError
from models.rerankers.server import RerankServer

Answer = Callable[[dict[str, Any]], tuple[int, bytes]]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.seen.append((dict(self.headers), body))  # type: ignore[attr-defined]
        status, content = self.server.answer(body)  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.send_header("retry-after", "0")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Any]:
    found: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.seen, found.answer = [], by_length
    thread = Thread(target=found.serve_forever, daemon=True)
    thread.start()
    yield found
    found.shutdown()
    found.server_close()
    thread.join()


def by_length(body: dict[str, Any]) -> tuple[int, bytes]:
    results = [{"index": i, "relevance_score": len(d)} for i, d in enumerate(body["documents"])]
    return 200, json.dumps({"id": "x", "results": results[::-1]}).encode()


def client(server: Any, timeout: float = 5.0) -> RerankServer:
    url = f"http://127.0.0.1:{server.server_port}/v1/rerank#small"
    return RerankServer(url, SecretStr("geheim"), timeout)


def test_scores_come_back_in_the_order_of_the_texts(server: Any) -> None:
    assert client(server).score("q", ["a", "bbb", "ü" * 5]).tolist() == [1, 3, 5]
    headers, body = server.seen[0]
    assert headers["authorization"] == "Bearer geheim"
    assert body == {
        **{"query": "q", "documents": ["a", "bbb", "ü" * 5]},
        **{"top_n": 3, "return_documents": False, "model": "small"},
    }
    assert client(server).score("q", []).shape == (0,)
    assert len(server.seen) == 1


def test_what_may_succeed_later_is_sent_three_times_at_most(server: Any) -> None:
    answers = iter([(429, b"slow down"), (500, b"oops")])
    server.answer = lambda body: next(answers, by_length(body))
    assert client(server).score("q", ["a"]).tolist() == [1]
    server.answer = lambda _: (503, b"down")
    with pytest.raises(ModelError, match="HTTP 503: down"):
        client(server).score("q", ["a"])
    assert len(server.seen) == 6


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (401, b"who are you?"),
        (200, b"<html>"),
        (200, b"{}"),
        (200, b'{"results": [{"index": 0, "relevance_score": "NaN"}]}'),
        (200, b'{"results": [{"index": 7, "relevance_score": 1}]}'),
        (200, b'{"results": [{"index": -1, "relevance_score": 1}]}'),
        (200, b"[" * 6_000_000),
    ],
    ids=["key", "html", "empty", "nan", "beyond", "negative", "huge"],
)
def test_nonsense_is_an_error_with_a_way_out(server: Any, status: int, content: bytes) -> None:
    server.answer = lambda _: (status, content)
    with pytest.raises(ModelError) as caught:
        client(server).score("q", ["a"])
    assert "geheim" not in str(caught.value)
    assert caught.value.way_out
    assert len(server.seen) == 1


def test_a_dead_server_is_an_error(server: Any) -> None:
    dead = client(server, timeout=0.5)
    server.shutdown()
    server.server_close()
    with pytest.raises(ModelError, match="failed"):
        dead.score("q", ["a"])
