"""What a human decides about calls that wait, as the command line takes it."""

import json
from typing import Any

from state.errors import UsageError

Decision = dict[str, Any]


def decided(
    approved: list[str], rejected: list[str], edited: list[str], answered: list[str]
) -> dict[str, Decision]:
    """Step id → decision.

    Raises:
        UsageError: a step has two decisions, or one cannot be read.
    """
    pairs: list[tuple[str, Decision]] = [(step, {"type": "approve"}) for step in approved]
    pairs += [(step, {"type": "reject"}) for step in rejected]
    pairs += [_edit(*_split(text, "--edit 's1={\"amount\": 5}'")) for text in edited]
    pairs += [_respond(*_split(text, "--respond 's1=It was paid in cash.'")) for text in answered]
    steps = [step for step, _ in pairs]
    if twice := next((step for step in steps if steps.count(step) > 1), None):
        raise UsageError(f"There are two decisions for step {twice}.", "Give one.")
    return dict(pairs)


def _split(text: str, example: str) -> tuple[str, str]:
    step, equals, value = text.partition("=")
    if not (step and equals and value.strip()):
        raise UsageError(f"{text!r} names no step and value.", f"Write it as {example}.")
    return step, value


def _edit(step: str, value: str) -> tuple[str, Decision]:
    try:
        args = json.loads(value, parse_constant=_no_json, object_pairs_hook=_members)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"The arguments of {step} are not JSON: {error}.", "Correct them.") from error
    if not isinstance(args, dict):
        raise UsageError(f"The arguments of {step} are no object.", 'Write them as {"amount": 5}.')
    return step, {"type": "edit", "args": args}


def _no_json(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; which of two equal keys was meant is not guessed."""
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def _respond(step: str, value: str) -> tuple[str, Decision]:
    return step, {"type": "respond", "message": value}
