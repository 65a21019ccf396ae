"""`warrant gate scope`: what the scope of the policy promises."""

import json
from typing import TYPE_CHECKING

import typer

from app.gate_parts import Json

if TYPE_CHECKING:
    from models.gate.scope.classifier import ScopeCard

EPILOG = """Examples:

warrant gate scope

warrant gate scope --json

Exit codes: 0 shown, 2 usage error: the policy has no scope."""


def scope(as_json: Json = False) -> None:
    """Show what the scope is made of, its threshold, and what it promises."""
    from dataclasses import asdict

    from models.embeddings.names import resolve
    from models.gate.scope.classifier import scope_of
    from state.policy import load_policy
    from state.settings import settings

    policy = load_policy(settings().policy).gate
    card = scope_of(policy.scope, resolve, settings().home).card
    action = policy.screen.actions.get("off_scope", card.action)
    shown = {**asdict(card), "promised": card.promised, "action": action}
    typer.echo(json.dumps(shown, ensure_ascii=False) if as_json else _said(card, action))


def _said(card: "ScopeCard", action: str) -> str:
    lines = [f"{count:>5}  {name}" for name, count in card.examples.items()]
    lines += [f"{count:>5}  not offered: {name}" for name, count in card.outside.items()]
    lines += [f"{action} from a probability of {card.threshold:.3f} on. {card.promised}"]
    lines += ["Least like the other examples, so that their intents may want more:"]
    return "\n".join([*lines, *(f"    {text}" for text in card.loneliest)])
