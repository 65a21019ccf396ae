"""Check digits by python-stdnum, loaded when the first candidate asks for them."""

import re
from collections.abc import Callable
from functools import cache
from importlib import import_module

FOREIGN = re.compile(r"\D")


@cache
def valid(name: str) -> Callable[[str], bool]:
    """The check of the module `stdnum.NAME`."""
    check: Callable[[str], bool] = import_module(f"stdnum.{name}").is_valid
    return check


def digits(number: str) -> str:
    """The digits alone."""
    return FOREIGN.sub("", number)
