"""Checkers by name: `features`, `judge:MODEL`, or one of your own by `module:attribute`."""

import importlib
from collections.abc import Callable

from models.chat import Chat
from models.faithfulness.checker import Checker, FeatureChecker
from models.faithfulness.features import Encoder
from models.faithfulness.judge import JudgeChecker
from state.errors import UsageError

DEFAULT = "features"
KNOWN = "Use features, judge:MODEL, or module:attribute with an object that has `spends` and `check`."


def resolve(name: str, kind: str, encoder: Callable[[], Encoder], chat: Callable[[str], Chat]) -> Checker:
    """The checker of this name; `kind` is the kind of text, which only `features` knows.

    Raises:
        UsageError: there is none of this name or kind.
    """
    if name == DEFAULT:
        return FeatureChecker(encoder(), kind)
    module, _, attribute = name.partition(":")
    if module == "judge" and attribute:
        return JudgeChecker(chat(attribute))
    try:
        own: Checker = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(f"There is no checker {name!r}: {error}.", KNOWN) from error
    if not hasattr(own, "check") or not hasattr(own, "spends"):
        raise UsageError(f"{name!r} is no checker.", KNOWN)
    return own
