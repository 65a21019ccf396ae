"""The tool that calculates."""

import ast
import operator
import warnings
from collections.abc import Callable
from typing import Any

from benchmarks.tau_airline.database import Database, Refusal

ALLOWED = frozenset("0123456789+-*/(). ")
MAX_BITS = 100_000
"""Of a power, which could otherwise keep a machine busy for ever."""


def calculate(_database: Database, expression: str) -> str:
    """The value with at most two decimals; Python's own words for an expression that has none."""
    if not all(char in ALLOWED for char in expression):
        raise Refusal("invalid characters in expression")
    expression = expression.lstrip()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # Python's advice on "2(3)"
        compile(expression, "<string>", "eval")  # finds more mistakes than the parser alone
        tree = ast.parse(expression, "<string>", "eval")
    return str(round(float(_value(tree.body)), 2))


def _value(node: ast.expr) -> Any:  # noqa: ANN401  # "()" is a tuple, and "..." an ellipsis
    match node:
        case ast.Constant(value):
            return value
        case ast.UnaryOp(op, operand):
            return SIGNS[type(op)](_value(operand))
        case ast.BinOp(left, op, right):
            return OPERATORS[type(op)](_value(left), _value(right))
        case ast.Call(function, args):  # "2(3)", of which Python says that an int cannot be called
            return _value(function)(*map(_value, args))
        case _:
            return ()


def _power(base: Any, exponent: Any) -> Any:  # noqa: ANN401
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * exponent > MAX_BITS:
        raise OverflowError("int too large to convert to float")
    return base**exponent


SIGNS: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: _power,
}
