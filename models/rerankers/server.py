"""A reranker behind HTTP: the protocol that Cohere, Jina, vLLM and Text Embeddings Inference speak.

`POST {"model", "query", "documents"}` is answered `{"results": [{"index", "relevance_score"}, …]}`.
"""

import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from models.chat import ModelError
from models.rerankers.names import checked
from state.errors import UsageError

ATTEMPTS = 3
MAX_WAIT_SECONDS = 5.0
MAX_BYTES = 5_000_000
AGAIN = frozenset({408, 409, 429, 500, 502, 503, 504})
WAY_OUT = 'Check the server, WARRANT_RERANKER_KEY, or set retrieval.reranker = "features".'


class _Result(BaseModel):
    model_config = ConfigDict(extra="ignore")

    index: int = Field(ge=0)
    relevance_score: float = Field(allow_inf_nan=False)


class _Results(BaseModel):
    model_config = ConfigDict(extra="ignore")

    results: list[_Result]


class RerankServer:
    """Asks a server; a request that may succeed later is sent again, at most twice."""

    def __init__(self, name: str, key: SecretStr | None, timeout_seconds: float) -> None:
        """Take the address with the model behind `#`.

        Raises:
            UsageError: it names no host or holds a password.
        """
        parts = urlsplit(name)
        if not parts.hostname or parts.username or parts.password:
            raise UsageError(
                f"{parts._replace(netloc=parts.hostname or '').geturl()!r} is no address of a reranker.",
                "Write https://host/rerank#model, and the key in WARRANT_RERANKER_KEY.",
            )
        self.name = name
        self._url = parts._replace(fragment="").geturl()
        self._model = parts.fragment
        self._headers = {"authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        self._timeout = timeout_seconds

    def score(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """The server's score of each text."""
        if not texts:
            return np.empty(0, np.float32)
        asked = {"query": query, "documents": list(texts), "top_n": len(texts), "return_documents": False}
        body = {**asked, **({"model": self._model} if self._model else {})}
        scores = np.full(len(texts), np.nan, np.float32)
        for one in self._results(self._ask(body)):
            if one.index < len(texts):
                scores[one.index] = one.relevance_score
        return checked(self.name, scores, len(texts))

    def _ask(self, body: dict[str, object]) -> bytes:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                status, wait, content = self._send(body)
            except httpx2.HTTPError as error:
                problem, status, wait = f"{type(error).__name__}: {error}".rstrip(": "), 503, 0.0
            else:
                if status == 200:
                    return content
                problem = f"HTTP {status}: {content[:200].decode('utf-8', 'replace')}"
            if status not in AGAIN or attempt == ATTEMPTS:
                break
            time.sleep(min(max(wait, 0.1 * 2**attempt), MAX_WAIT_SECONDS))
        raise ModelError(f"The reranker {self.name} failed: {problem}.", WAY_OUT)

    def _send(self, body: dict[str, object]) -> tuple[int, float, bytes]:
        """Status, the seconds that the server asks to wait, and the body."""
        with (
            httpx2.Client(timeout=self._timeout) as client,
            client.stream("POST", self._url, json=body, headers=self._headers) as response,
        ):
            content = b""
            for part in response.iter_bytes():
                content += part
                if len(content) > MAX_BYTES:
                    raise ModelError(f"The reranker {self.name} sent over {MAX_BYTES:,} bytes.", WAY_OUT)
            wait = response.headers.get("retry-after", "")
            return response.status_code, float(wait) if wait.isdigit() else 0.0, content

    def _results(self, content: bytes) -> list[_Result]:
        try:
            return _Results.model_validate_json(content).results
        except ValidationError as error:
            first = error.errors()[0]
            raise ModelError(
                f"The reranker {self.name} answered something else: "
                f"{'.'.join(map(str, first['loc'])) or 'reply'}: {first['msg']}.",
                WAY_OUT,
            ) from error
