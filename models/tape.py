"""Tape: a chat model that answers from a recorded trace, and never from anywhere else."""

import json
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr, ValidationError

from models.chat import ModelError
from models.placeholders import Placeholders, Scope
from models.pseudonyms import hidden_messages, learnt
from models.strategy import without_schema
from state.canonical import canonical, digest_text
from state.schema import Json

ROLES = {"user": "human", "assistant": "ai", "developer": "system"}
KEPT = {
    "content",
    "additional_kwargs",
    "response_metadata",
    "tool_calls",
    "tool_call_chunks",
    "invalid_tool_calls",
    "usage_metadata",
}
RECORD_AGAIN = "Record it again: ask with a live model, then `warrant trace export ID > FILE`."
SHOWN = 60
SCOPES: tuple[Scope, ...] = ("secrets", "all")


class Line(NamedTuple):
    """One message, reduced to what decides about the reply; ids and metadata do not."""

    role: str
    content: str
    tool_calls: str

    def __str__(self) -> str:
        """The form that is compared and shown."""
        return f"{self.role}: {self.content}" + (f" {self.tool_calls}" if self.tool_calls else "")


@dataclass
class Tape:
    """Recorded replies, by digest of their prompts; equal prompts are answered in recorded order."""

    path: Path
    prompts: dict[str, list[Line]] = field(default_factory=dict)
    replies: defaultdict[str, deque[AIMessage]] = field(default_factory=lambda: defaultdict(deque))
    errors: dict[str, str] = field(default_factory=dict)

    def next(self, messages: Sequence[BaseMessage]) -> AIMessage:
        """The next recorded reply to these messages.

        Raises:
            ModelError: none is left, none was recorded, or the recorded call failed.
        """
        asked = [line for message in messages if (line := line_of(message.model_dump()))]
        key = _key(asked)
        if self.replies[key]:
            return self.replies[key].popleft()
        if key in self.errors:
            raise ModelError(
                f"The call failed when {self.path} was recorded: {self.errors[key]}.", RECORD_AGAIN
            )
        if key in self.prompts:
            raise ModelError(f"{self.path} has no more replies to this prompt.", RECORD_AGAIN)
        raise ModelError(f"{self.path} has no reply to this prompt. {self._nearest(asked)}", RECORD_AGAIN)

    def knows(self, messages: Sequence[BaseMessage]) -> bool:
        """Whether these messages were recorded."""
        asked = [line for message in messages if (line := line_of(message.model_dump()))]
        return _key(asked) in self.prompts

    def _nearest(self, asked: list[Line]) -> str:
        if not self.prompts:
            return "It has no model calls at all."
        text = _text(asked)
        nearest = max(self.prompts.values(), key=lambda lines: _common(_text(lines), text))
        at = _common(recorded := _text(nearest), text)
        start = max(0, at - SHOWN // 2)
        return (
            f"The nearest one differs at character {at}: recorded …{recorded[start : at + SHOWN]!r}…, "
            f"asked …{text[start : at + SHOWN]!r}…."
        )


def load(path: Path) -> Tape:
    """Read the runs of model calls from a file of JSON Lines; other runs are left out.

    Raises:
        ModelError: the file cannot be read, or a line of it is no run.
    """
    tape = Tape(path)
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    _load_run(tape, line, number)
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"Cannot read the tape {path}: {error}.", RECORD_AGAIN) from error
    return tape


def _load_run(tape: Tape, line: str, number: int) -> None:
    try:
        run = json.loads(line)
        if run["run_type"] != "llm":
            return
        batch = run["inputs"]["messages"]
        asked = [found for message in flat(batch) if (found := line_of(message))]
        key = _key(asked)
        tape.prompts[key] = asked
        if outputs := run.get("outputs"):
            tape.replies[key].append(reply_of(outputs["generations"]))
        elif run.get("error"):
            tape.errors[key] = str(run["error"]).partition("\n")[0]
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        IndexError,
        RecursionError,
        ValidationError,
    ) as error:
        problem = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise ModelError(
            f"{tape.path}, line {number} is no run of a model call: {problem}.", RECORD_AGAIN
        ) from error


def flat(messages: list[Json]) -> Iterable[dict[str, Json]]:
    """Messages of one call; LangChain's tracers keep a list of such lists."""
    return messages[0] if messages and isinstance(messages[0], list) else messages


def _fields(message: dict[str, Json]) -> dict[str, Json]:
    """A message's fields, out of `dumpd`, `messages_to_dict` or the plain form."""
    inner = message.get("kwargs") if "lc" in message else message.get("data")
    fields: dict[str, Json] = dict(inner) if isinstance(inner, dict) else dict(message)
    constructor = str(message["id"][-1]) if "lc" in message else ""
    role = fields.get("type") or fields.get("role") or message.get("type") or constructor
    plain = role.removesuffix("Chunk").removesuffix("Message").lower()
    return {**fields, "type": ROLES.get(plain, plain)}


def line_of(message: dict[str, Json]) -> Line | None:
    """The message reduced; None if it only holds the schema, which depends on how it was asked for."""
    fields = _fields(message)
    content = fields["content"]
    text = without_schema(content if isinstance(content, str) else canonical(content))
    calls = [[call["name"], call["args"]] for call in fields.get("tool_calls") or ()]
    return Line(fields["type"], text, canonical(calls) if calls else "") if text or calls else None


def reply_of(generations: list[list[dict[str, Json]]]) -> AIMessage:
    """The first reply of a recorded model call."""
    generation = generations[0][0]
    if not generation.get("message"):
        return AIMessage(generation["text"])
    fields = {name: value for name, value in _fields(generation["message"]).items() if name in KEPT and value}
    # Raw chunks of arguments show what the model wrote; parsed ones have been completed where it was cut off.
    kind = AIMessageChunk if fields.get("tool_call_chunks") else AIMessage
    return kind.model_validate({"content": "", **fields})


def _key(lines: list[Line]) -> str:
    return digest_text(canonical([list(line) for line in lines]))


def _text(lines: list[Line]) -> str:
    return "\n".join(map(str, lines))


def _common(one: str, other: str) -> int:
    """Length of the common beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (left, right) in pairs if left != right), min(len(one), len(other)))


def _restored(message: AIMessage, placeholders: Placeholders) -> AIMessage:
    """The recorded reply with the values that the run had."""
    content = message.content
    if isinstance(content, str):
        content = placeholders.restore_json(content) if "{" in content else placeholders.restore(content)
    else:
        content = placeholders.restore(content)
    update: dict[str, Json] = {
        "content": content,
        "tool_calls": placeholders.restore(message.tool_calls),
        "invalid_tool_calls": placeholders.restore(message.invalid_tool_calls),
    }
    if isinstance(message, AIMessageChunk):
        chunks = message.tool_call_chunks
        raw = [{**chunk, "args": placeholders.restore_json(chunk["args"] or "")} for chunk in chunks]
        update["tool_call_chunks"] = raw
    return message.model_copy(update=update)


class TapeChat(BaseChatModel):
    """A LangChain model around a tape."""

    path: Path
    _tape: Tape = PrivateAttr()

    def model_post_init(self, _context: object, /) -> None:
        """Read the tape once.

        Raises:
            ModelError: it cannot be read.
        """
        self._tape = load(self.path)

    @property
    def _llm_type(self) -> str:
        return "warrant-tape"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002  LangChain's signature
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **_options: Any,  # noqa: ANN401  LangChain's signature
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._next(messages))])

    def _next(self, messages: list[BaseMessage]) -> AIMessage:
        """The reply to the prompt as it is, or as it was sent when the policy hid something of it."""
        if not self._tape.knows(messages):
            for scope in SCOPES:
                placeholders = learnt(messages, scope)
                hidden = hidden_messages(messages, placeholders)
                if placeholders.values and self._tape.knows(hidden):
                    return _restored(self._tape.next(hidden), placeholders)
        return self._tape.next(messages)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002  LangChain's signature
        **options: Any,  # noqa: ANN401  LangChain's signature
    ) -> ChatResult:
        return self._generate(messages, stop, **options)
