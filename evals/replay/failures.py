"""Failures: the exception that a recorded error tells of, so that a graph's `except` sees the same."""

import ast
import builtins
import re
import sys

from langchain_core.tools import ToolException

REPR = re.compile(r"(?P<name>[A-Za-z_][\w.]*)\((?P<args>.*)\)", re.DOTALL)


class RecordedError(Exception):
    """A recorded failure whose class cannot be found or made here; its `repr` is that of the recording."""

    def __repr__(self) -> str:
        return str(self)


def exception(text: str) -> Exception:
    """The exception of an error as traces keep it: its `repr`, then a traceback."""
    shown, _, trace = text.partition("\n\n")
    match = REPR.fullmatch(shown.strip())
    args = _args(match["args"]) if match else None
    if match is None or args is None or (kind := _kind(match["name"], trace)) is None:
        return RecordedError(shown)
    try:
        made = kind(*args)
    except TypeError:  # its constructor takes something else than it keeps
        return _without_constructor(kind, args, trace)
    return made if repr(made) == shown.strip() else _without_constructor(kind, args, trace)


def _without_constructor(kind: type[Exception], args: tuple[object, ...], trace: str) -> Exception:
    """An exception that is caught as one of this class; its text is the one that the traceback ends with."""
    named = list(re.finditer(rf"^(?:[\w.]+\.)?{kind.__name__}: ", trace, re.MULTILINE))
    text = trace[named[-1].end() :].strip() if named else ", ".join(map(str, args))
    fields = {"__init__": lambda _self, *_args: None, "__str__": lambda _self: text}
    made: Exception = type(kind.__name__, (kind,), fields)(*args)
    vars(made).update(message=text, way_out="")
    return made


def _args(text: str) -> tuple[object, ...] | None:
    try:
        found = ast.literal_eval(f"({text},)" if text.strip() else "()")
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    return tuple(found)


def _kind(name: str, trace: str) -> type[Exception] | None:
    """The class of this name: built in, where the traceback says that it is, or any that is loaded."""
    if name == "ToolException":
        return ToolException
    qualified = re.findall(rf"^([\w.]+)\.{re.escape(name)}(?=:|$)", trace, re.MULTILINE)
    homes = [sys.modules[module] for module in qualified[::-1] if module in sys.modules]
    for home in (*homes, builtins):
        found = getattr(home, name, None)
        if isinstance(found, type) and issubclass(found, Exception):
            return found
    return next((kind for kind in _loaded(Exception) if kind.__name__ == name), None)


def _loaded(kind: type[Exception]) -> list[type[Exception]]:
    found, waiting = [], [kind]
    while waiting:
        subclasses = waiting.pop().__subclasses__()
        found += subclasses
        waiting += subclasses
    return found
