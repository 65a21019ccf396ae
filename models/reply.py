"""Reading a reply: takes the JSON value out of what a model wrote and validates it; nothing is repaired."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage

from state.schema import Json, JsonSchema, Violation, violations

MAX_DEPTH = 100
"""Deeper values are refused: checkpoints and validators recurse."""
MAX_OPENINGS = 200
"""Braces and brackets in prose that are tried as the beginning of a value."""
MAX_INTEGER_DIGITS = 18
"""Longer integers do not fit the 64 bits that a checkpoint has for them."""

FENCED = re.compile(r"\A```\w*\n(?P<inside>.*)\n```\Z", re.DOTALL)
THINKING = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
OPENING = re.compile(r"[{\[]")
CUT_REASONS = {"length", "max_tokens", "MAX_TOKENS"}
FILTER_REASONS = {"content_filter", "SAFETY", "refusal"}


class Reading(NamedTuple):
    """The value of a reply; `violations` is empty exactly if it satisfies the schema."""

    value: Json
    violations: tuple[Violation, ...]


class _UnreadableError(Exception):
    """The reply is not one JSON value."""


def read(reply: str | BaseMessage, schema: JsonSchema) -> Reading:
    """The JSON value of a text, or of a message's tool call or text, and how it breaks the schema.

    Unwraps code fences, prose and `<think>` around one JSON value. Never raises: what cannot be read is a
    violation.
    """
    try:
        value = _value(_json_text(reply), schema)
    except _UnreadableError as error:
        return Reading(None, (Violation(path="", message=str(error)),))
    return Reading(value, tuple(violations(schema, value)))


def written(reply: str | BaseMessage) -> str:
    """What the model wrote: the arguments of its tool calls, else its text."""
    if isinstance(reply, str):
        return reply
    return "\n".join(_arguments(reply)) or str(reply.text) or (_refusal(reply) or "")


def _json_text(reply: str | BaseMessage) -> str:
    if isinstance(reply, str):
        return reply
    if refusal := _refusal(reply):
        raise _UnreadableError(f"the model refused: {_shown(refusal)}")
    reason = reply.response_metadata.get("finish_reason") or reply.response_metadata.get("stop_reason")
    if reason in FILTER_REASONS:
        raise _UnreadableError("the provider's content filter stopped the reply")
    if reason in CUT_REASONS:
        raise _UnreadableError("the reply was cut off at the model's limit of output tokens")
    if len(arguments := _arguments(reply)) > 1:
        raise _UnreadableError(f"{len(arguments)} tool calls where one was asked for")
    return arguments[0] if arguments else str(reply.text)


def _refusal(message: BaseMessage) -> str | None:
    """OpenAI's `refusal`, as a field of the message or as a block of its content."""
    found = [message.additional_kwargs.get("refusal")]
    if isinstance(message.content, list):
        found += [block.get("refusal") for block in message.content if isinstance(block, dict)]
    return next((refusal for refusal in found if isinstance(refusal, str) and refusal), None)


def _arguments(message: BaseMessage) -> list[str]:
    """Arguments of each tool call, as the model wrote them where the provider kept that.

    A merged chunk's `tool_calls` are completed by LangChain when they were cut off; its raw chunks are not.
    """
    if isinstance(message, AIMessageChunk) and message.tool_call_chunks:
        return [chunk["args"] or "" for chunk in message.tool_call_chunks]
    if not isinstance(message, AIMessage):
        return []
    valid = [_dumped(call["args"]) for call in message.tool_calls]
    return valid + [call["args"] or "" for call in message.invalid_tool_calls]


def _dumped(value: Json) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise _UnreadableError(f"the tool call's arguments are not JSON: {_shown(str(error))}") from error


def _value(text: str, schema: JsonSchema) -> Json:
    """The one JSON value of the text; of several, the only one that satisfies the schema."""
    text = THINKING.sub("", text).strip().removeprefix("\ufeff")
    if not text:
        raise _UnreadableError("the reply is empty")
    _check_unicode(text)
    if fenced := FENCED.match(text):
        text = fenced["inside"].strip()
    found = _only(text) or list(_embedded(text))
    if not found:
        raise _UnreadableError(f"the reply is not JSON: {_shown(text)}")
    return _checked(found[0] if len(found) == 1 else _chosen(found, schema))


def _chosen(found: list[Json], schema: JsonSchema) -> Json:
    """Of several values the only one that satisfies the schema, else the only object: prose has [1] in it."""
    satisfying = [value for value in found if not violations(schema, value)]
    chosen = satisfying or [value for value in found if isinstance(value, dict)]
    if len(chosen) != 1:
        raise _UnreadableError(f"the reply has {len(found)} JSON values; one was asked for")
    return chosen[0]


def _only(text: str) -> list[Json]:
    """The value, if the whole text is one; a text that only begins like one is not searched for its parts."""
    try:
        value, end = _decode(text, 0)
    except json.JSONDecodeError:
        return []
    return [value] if not text[end:].strip() else []


def _embedded(text: str) -> Iterator[Json]:
    """Objects and arrays between prose; parts of a broken one are never taken for the reply."""
    start = 0
    for _ in range(MAX_OPENINGS):
        if (opening := OPENING.search(text, start)) is None:
            return
        try:
            value, start = _decode(text, opening.start())
        except json.JSONDecodeError as error:
            if text[opening.end() : error.pos].strip() or not text[error.pos :].strip():
                raise _UnreadableError(_broken(text, error)) from error
            start = opening.end()
        else:
            yield value


def _broken(text: str, error: json.JSONDecodeError) -> str:
    rest = text[error.pos :].strip()
    cut = error.msg.startswith("Unterminated") or any(
        word.startswith(rest) for word in ("true", "false", "null", "-")
    )
    if cut:
        return f"the JSON is cut off: it ends after {len(text)} characters, before it is complete"
    return f"the JSON is malformed at character {error.pos}: {error.msg}, at {_shown(text[error.pos :], 20)}"


def _decode(text: str, start: int) -> tuple[Json, int]:
    try:
        return _DECODER.raw_decode(text, start)
    except RecursionError as error:
        raise _UnreadableError(f"the JSON is nested deeper than {MAX_DEPTH} levels") from error


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise _UnreadableError(f"the JSON has the key {_shown(twice)} twice in one object")
    return found


def _constant(name: str) -> Json:
    raise _UnreadableError(f"{name} is not JSON")


def _float(digits: str) -> float:
    if not math.isfinite(number := float(digits)):
        raise _UnreadableError(f"the number {_shown(digits, 30)} is out of range")
    return number


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_INTEGER_DIGITS:
        raise _UnreadableError(f"the number {_shown(digits, 30)} is out of range")
    return int(digits)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_integer
)


def _checked(value: Json) -> Json:
    """The value, unless a checkpoint could not hold it."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _children(outer)]
    if level:
        raise _UnreadableError(f"the JSON is nested deeper than {MAX_DEPTH} levels")
    _check_unicode(json.dumps(value, ensure_ascii=False))
    return value


def _children(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _UnreadableError(
            f"the reply has half a surrogate pair, which is no Unicode, at {error.start}"
        ) from error


def _shown(text: str, limit: int = 120) -> str:
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")
