"""Embedding models by name, LangChain's against a server that speaks OpenAI's protocol."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from models.chat import ModelError
from models.embeddings.minilm import MiniLM
from models.embeddings.names import resolve
from state.errors import UsageError

VECTORS = {"cat": [3.0, 4.0], "nothing": [0.0, 0.0], "broken": [1.0]}


class OpenAIEmbeddings(BaseHTTPRequestHandler):
    """POST /v1/embeddings as OpenAI documents it; the text `refused` gets status 400."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        refused = "refused" in request["input"]
        data = [
            {"object": "embedding", "index": place, "embedding": VECTORS.get(text, [1.0, 0.0])}
            for place, text in enumerate(request["input"])
        ]
        reply = (
            {"error": {"message": "no"}}
            if refused
            else {"object": "list", "data": data, "model": request["model"]}
        )
        body = json.dumps(reply).encode()
        self.send_response(400 if refused else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def openai(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", 0), OpenAIEmbeddings) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "test")
        yield
        server.shutdown()


def test_the_default_is_minilm() -> None:
    assert isinstance(resolve(), MiniLM)
    assert resolve().name == "minilm"


def test_a_langchain_model_keeps_its_name_and_gets_norm_one(openai: None) -> None:
    model = resolve("openai:text-embedding-3-small")
    assert model.name == "openai:text-embedding-3-small"
    assert model.dimensions == 2
    np.testing.assert_allclose(
        model.embed(["cat", "dog", "a\ud800"]), [[0.6, 0.8], [1, 0], [1, 0]], atol=1e-6
    )
    assert model.embed([]).shape == (0, 2)


@pytest.mark.parametrize("texts", [["refused"], ["nothing"], ["cat", "broken"]])
def test_an_unusable_reply_is_a_model_error(openai: None, texts: list[str]) -> None:
    with pytest.raises(ModelError, match="openai:text-embedding-3-small"):
        resolve("openai:text-embedding-3-small").embed(texts)


@pytest.mark.parametrize("name", ["", "MiniLM-L6", "nowhere:model", "openai:", "cohere:embed-english-v3.0"])
def test_an_unusable_name_says_what_works(name: str) -> None:
    with pytest.raises(UsageError, match=r"Use minilm, or provider:model .*openai") as raised:
        resolve(name)
    assert repr(name) in str(raised.value)


def test_a_missing_key_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(UsageError, match="OPENAI_API_KEY"):
        resolve("openai:text-embedding-3-small")
