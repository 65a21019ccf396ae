"""Pseudonyms: a provider is shown placeholders, and the caller gets the values back.

In and out it has the shape of any chat model. What the model writes about `[email_1]`, in a text, an argument
or a quote, is put back word for word; a placeholder that the model made up stays as it is.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.messages import BaseMessage

from models.chat import Chat, Prompt, Reply
from models.placeholders import Placeholders, Scope
from models.sections import SECTION, render
from state.schema import Json, JsonSchema, Violation, violations

SCHEMAS = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
LISTS = ("anyOf", "allOf", "oneOf", "prefixItems")
NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
FORMS = frozenset({"format", "pattern", "minLength", "maxLength"})
"""What a placeholder cannot satisfy; the value that it stands for is checked when it is back."""


@dataclass(frozen=True)
class Pseudonyms:
    """A chat model that is not shown secrets, or nobody's data either."""

    chat: Chat
    scope: Scope

    @property
    def name(self) -> str:
        """The name of the model that is asked."""
        return self.chat.name

    async def reply(self, prompt: Prompt) -> Reply:
        """Ask with placeholders, and check the reply with the values in it.

        Raises:
            ModelError: no reply could be had.
        """
        hidden, placeholders = await asyncio.to_thread(hide, prompt, self.scope)
        reply = await self.chat.reply(hidden)
        return restored(reply, placeholders, prompt.schema) if placeholders.values else reply


def hide(prompt: Prompt, scope: Scope) -> tuple[Prompt, Placeholders]:
    """The prompt with placeholders, and what they stand for."""
    placeholders = Placeholders(scope)
    for message in prompt.messages:
        _each_text(message, _learner(placeholders))
    placeholders.learn(prompt.schema)
    if not placeholders.settle():
        return prompt, placeholders
    messages = tuple(hidden_messages(prompt.messages, placeholders))
    return replace(prompt, messages=messages, schema=relaxed(placeholders.hide(prompt.schema))), placeholders


def hidden_messages(messages: Iterable[BaseMessage], placeholders: Placeholders) -> list[BaseMessage]:
    """The messages with placeholders for what was learnt; one that holds nothing is the same object."""
    return [_each_text(message, lambda text: _sectioned(text, placeholders.hide)) for message in messages]


def learnt(messages: Sequence[BaseMessage], scope: Scope) -> Placeholders:
    """The placeholders of these messages."""
    placeholders = Placeholders(scope)
    for message in messages:
        _each_text(message, _learner(placeholders))
    placeholders.settle()
    return placeholders


def restored(reply: Reply, placeholders: Placeholders, schema: JsonSchema) -> Reply:
    """The reply with the values in it, checked against the caller's own schema."""
    unreadable = reply.value is None and reply.violations
    value = placeholders.restore(reply.value)
    found = reply.violations if unreadable else violations(schema, value)
    text = placeholders.restore(reply.text) if unreadable else placeholders.restore_json(reply.text)
    told = tuple(Violation(path=one.path, message=placeholders.restore(one.message)) for one in found)
    return replace(reply, text=text, value=value, violations=told)


def relaxed(schema: Json) -> Json:
    """The schema without what a text must look like."""
    if not isinstance(schema, dict):
        return schema
    kept = {key: part for key, part in schema.items() if key not in FORMS}
    for key in kept.keys() & set(SCHEMAS):
        kept[key] = relaxed(kept[key])
    for key in kept.keys() & set(LISTS):
        kept[key] = [relaxed(part) for part in kept[key]]
    for key in kept.keys() & set(NAMED):
        kept[key] = {name: relaxed(part) for name, part in kept[key].items()}
    return kept


def _learner(placeholders: Placeholders) -> Callable[[str], str]:
    def part(value: Json) -> Json:
        placeholders.learn(value)
        return value

    return lambda text: _sectioned(text, part)


def _sectioned(text: str, change: Callable[[Json], Json]) -> str:
    """The text with each section changed as the value that it holds, and the rest as text."""
    parts, at = [], 0
    for section in SECTION.finditer(text):
        parts += [change(text[at : section.start()]), _section(section, change)]
        at = section.end()
    return "".join([*parts, change(text[at:])])


def _section(section: Any, change: Callable[[Json], Json]) -> str:  # noqa: ANN401  a match
    try:
        value = json.loads(section["value"])
    except ValueError:
        return str(change(section[0]))
    changed = change(value)
    return str(section[0]) if changed == value else render({section["name"]: changed})


def _each_text(message: BaseMessage, change: Callable[[str], str]) -> BaseMessage:
    """The message with each of its texts changed."""
    content = message.content
    if isinstance(content, str):
        changed: Any = change(content)
    else:
        changed = [_block(block, change) for block in content]
    update: dict[str, Any] = {} if changed == content else {"content": changed}
    return message.model_copy(update=update) if update else message


def _block(block: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401  LangChain's content
    if isinstance(block, str):
        return change(block)
    return {**block, "text": change(block["text"])} if isinstance(block.get("text"), str) else block
