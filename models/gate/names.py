"""Classifiers by name: `rules`, or `module:attribute` for one of your own, an object or its class."""

from importlib import import_module

from models.gate.classifier import AnyClassifier, Asking, Classifier
from state.errors import UsageError

KNOWN = "Use rules, or module:attribute for your own."


def resolve(name: str) -> AnyClassifier:
    """The classifier of a name.

    Raises:
        UsageError: there is none of this name, or it is not a classifier.
    """
    if name == "rules":
        from models.gate.rules import Rules

        return Rules()
    module, _, attribute = name.partition(":")
    if not (module and attribute):
        raise UsageError(f"There is no classifier {name!r}.", KNOWN)
    return _own(name, module, attribute)


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
