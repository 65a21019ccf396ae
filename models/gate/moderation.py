"""OpenAI's moderation endpoint as classifier, by `moderation` or `moderation:URL#MODEL`: harmful content.

`POST /v1/moderations {"model", "input"}` is answered `{"results": [{"categories", "category_scores"}]}`
(platform.openai.com/docs/api-reference/moderations); the texts go to that server.
"""

from urllib.parse import urlsplit

import httpx2
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from models.chat import ModelError
from models.gate.classifier import Asked, Finding
from models.gate.windows import windows
from state.canonical import digest
from state.errors import UsageError
from state.verdict import Place

OPENAI = "https://api.openai.com/v1/moderations#omni-moderation-2024-09-26"
CHARACTERS = 8_000
"""Of one input; windows overlap by a tenth, and go in one request."""
MAX_BYTES = 5_000_000
WAY_OUT = "Check the server and OPENAI_API_KEY, or take moderation out of gate.*.classifiers."


class _Result(BaseModel):
    model_config = ConfigDict(extra="ignore")

    category_scores: dict[str, float] = Field(min_length=1)


class _Results(BaseModel):
    model_config = ConfigDict(extra="ignore")

    results: list[_Result]


class Moderation:
    """Asks the endpoint; its scores are the service's own, and no calibration of ours stands behind them."""

    categories = frozenset({"harmful_request"})

    def __init__(self, address: str, key: SecretStr | None, timeout_seconds: float) -> None:
        """Take the address with the model behind `#`.

        Raises:
            UsageError: it names no host or model, or holds a password.
        """
        parts = urlsplit(address)
        if not (parts.hostname and parts.fragment) or parts.username or parts.password:
            raise UsageError(
                f"{parts._replace(netloc=parts.hostname or '').geturl()!r} is no moderation endpoint.",
                "Write moderation:https://host/v1/moderations#model, and the key in OPENAI_API_KEY.",
            )
        self.name = f"moderation:{parts.fragment}"
        self.digest = digest(address)
        self._url, self._model = parts._replace(fragment="").geturl(), parts.fragment
        self._headers = {"authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        self._timeout = timeout_seconds

    async def ask(self, text: str, place: Place) -> Asked:  # noqa: ARG002 - it judges all places alike
        """The highest score of all categories and windows.

        Raises:
            ModelError: the server could not be asked, or answered something else.
        """
        cut = windows(len(text), CHARACTERS, CHARACTERS * 9 // 10)
        body: dict[str, object] = {"model": self._model, "input": [text[start:end] for start, end in cut]}
        results = self._read(await self._send(body), len(cut))
        scored = [
            (score, name, span)
            for one, span in zip(results, cut, strict=True)
            for name, score in one.category_scores.items()
        ]
        score, name, span = max(scored)
        reason = f"The moderation service finds {name.replace('/', ' and ').replace('-', ' ')} in it."
        return Asked([Finding("harmful_request", score, reason, (span,))])

    async def _send(self, body: dict[str, object]) -> bytes:
        content = b""
        try:
            async with (
                httpx2.AsyncClient(timeout=self._timeout) as client,
                client.stream("POST", self._url, json=body, headers=self._headers) as response,
            ):
                async for part in response.aiter_bytes():
                    content += part
                    if len(content) > MAX_BYTES:
                        raise ModelError(f"{self.name} sent over {MAX_BYTES:,} bytes.", WAY_OUT)
        except httpx2.HTTPError as error:
            raise ModelError(f"{self.name} cannot be asked: {error!r}.", WAY_OUT) from error
        if response.status_code != 200:
            raise ModelError(f"{self.name} answered HTTP {response.status_code}.", WAY_OUT)
        return content

    def _read(self, content: bytes, count: int) -> list[_Result]:
        try:
            results = _Results.model_validate_json(content).results
        except ValidationError as error:
            raise ModelError(f"{self.name} answered something else.", WAY_OUT) from error
        if len(results) != count:
            raise ModelError(f"{self.name} gave {len(results)} results for {count} texts.", WAY_OUT)
        return results
