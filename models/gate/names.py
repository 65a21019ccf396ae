"""Classifiers by name.

`rules`, `injection` (the trained one that is shipped), `leak` (what tells the prompts), `scope` (by the
examples of the policy), `trained:FOLDER` (one of your own), `judge:MODEL` (a chat model), `moderation` or
`moderation:URL#MODEL` (OpenAI's endpoint), `guard:FOLDER` (a guard model), and `module:attribute` (an object
or its class).
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from models.chat import Chat
from models.embeddings.names import Embedder
from models.gate.classifier import AnyClassifier, Asking, Classifier
from state.errors import UsageError
from state.gate_policy import GatePolicy
from state.settings import Settings

logger = logging.getLogger(__name__)

KNOWN = (
    "Use rules, injection, leak, scope, trained:FOLDER, judge:MODEL, moderation, guard:FOLDER, or "
    "module:attribute for one of your own."
)


@dataclass(frozen=True)
class Means:
    """What classifiers are made of; a part is only built where one asks for it."""

    policy: GatePolicy
    settings: Settings
    chat: Callable[[str], Chat]
    """Chat model by name."""
    embedder: Callable[[], Embedder]
    """The embedding model of this machine."""
    instructions: Mapping[str, str]
    """The prompts that models are given, by name: what must not leave."""


def resolve(name: str, means: Means) -> AnyClassifier:
    """The classifier of a name.

    Raises:
        UsageError: there is none of this name, it is no classifier, or its files are not as they should.
    """
    kind, _, rest = name.partition(":")
    if name in ALONE:
        return ALONE[name](means)
    if kind in NAMED and rest:
        return NAMED[kind](rest, means)
    if not (kind and rest):
        raise UsageError(f"There is no classifier {name!r}.", KNOWN)
    return _own(name, kind, rest)


def _rules(_means: Means) -> AnyClassifier:
    from models.gate.rules import Rules

    return Rules()


def _injection(_means: Means) -> AnyClassifier:
    from models.gate.trained import shipped

    return shipped()


def _leak(means: Means) -> AnyClassifier:
    from models.gate.leak import Leak

    return Leak(means.instructions)


def _scope(means: Means) -> AnyClassifier:
    from models.gate.scope.classifier import scope_of

    scope = scope_of(means.policy.scope, means.embedder, means.settings.home)
    if scope.card.missing:
        logger.warning("gate.scope: %s See `warrant gate scope`.", scope.card.promised)
    return scope


def _trained(folder: str, _means: Means) -> AnyClassifier:
    from models.gate.trained import Trained

    return Trained(Path(folder))


def _judge(model: str, means: Means) -> AnyClassifier:
    from models.gate.judge import JudgeClassifier

    return JudgeClassifier(means.chat(model))


def _openai(means: Means) -> AnyClassifier:
    from models.gate.moderation import OPENAI

    return _moderation(OPENAI, means)


def _moderation(address: str, means: Means) -> AnyClassifier:
    from models.gate.moderation import Moderation

    return Moderation(address, means.settings.openai_api_key, means.policy.longest())


def _guard(folder: str, _means: Means) -> AnyClassifier:
    from models.gate.guard import GuardClassifier

    return GuardClassifier(Path(folder))


ALONE: dict[str, Callable[[Means], AnyClassifier]] = {
    "rules": _rules,
    "injection": _injection,
    "leak": _leak,
    "scope": _scope,
    "moderation": _openai,
}
NAMED: dict[str, Callable[[str, Means], AnyClassifier]] = {
    "trained": _trained,
    "judge": _judge,
    "moderation": _moderation,
    "guard": _guard,
}


def _own(name: str, module: str, attribute: str) -> AnyClassifier:
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"The classifier {name!r} cannot be loaded: {error}.", "Correct gate.*.classifiers in the policy."
        ) from error
    classifier = found() if isinstance(found, type) else found
    if not (isinstance(classifier, Classifier | Asking) and isinstance(classifier.name, str)):
        raise UsageError(
            f"{name!r} is not a classifier.",
            "Give it name, digest, categories and classify(text, place); see models/gate/classifier.py.",
        )
    return classifier
