"""The calculator: arithmetic in decimals, so that 0.1 + 0.2 is 0.3 and money adds up.

Every intermediate value has at most 34 digits and lies within ±10^308, which bounds time and memory.
"""

import ast
import decimal
import operator
import re
from collections.abc import Callable
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field
from simpleeval import InvalidExpression, SimpleEval

from state.decimals import CONTEXT, plain_number
from tools.capability import Caller, Capability, ToolError, typed

NUMBER = r"(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?\d++)?+(?![\w.])"
TOKENS = re.compile(rf"(?:\s|{NUMBER}|(?:abs|max|min|round|sqrt)\b|\*\*|//|[-+*/%(),])*+", re.ASCII)
PERCENT_OF = re.compile(rf"({NUMBER})\s*%\s*(?:of\b|\*(?!\*))", re.ASCII)
SIGNS = str.maketrans("×÷−", "*/-")
WAY_OUT = "Use numbers, + - * / // % **, parentheses, abs, max, min, round, sqrt."


class Arguments(BaseModel):
    """What is calculated."""

    model_config = ConfigDict(extra="forbid")

    expression: str = Field(
        min_length=1,
        max_length=500,
        description="Arithmetic expression such as 17% of 340 or (12.90 * 3 + 4.90) / 2: numbers,"
        " + - * / // % **, parentheses, abs, max, min, round, sqrt.",
    )


class Calculation(BaseModel):
    """An expression and its value."""

    expression: str
    result: int | float = Field(description="The value, exact to at least 15 digits.")


def calculate() -> Capability:
    """The tool `calculate`."""
    return typed(
        "calculate", "Calculates an arithmetic expression exactly.", Arguments, Calculation, _calculate
    )


async def _calculate(arguments: Arguments, _caller: Caller) -> Calculation:
    return Calculation(expression=arguments.expression, result=evaluate(arguments.expression))


def evaluate(expression: str) -> int | float:
    """The value of an expression; an integer where it is one that JSON keeps exact.

    Raises:
        ToolError: it is not arithmetic, is undefined, or is too large.
    """
    text = PERCENT_OF.sub(r"(\1/100)*", " ".join(expression.translate(SIGNS).split()))
    if rest := TOKENS.sub("", text, count=1):
        raise ToolError(f"Cannot read {rest[:20]!r} in the expression.", WAY_OUT)
    try:
        with decimal.localcontext(CONTEXT):
            return plain_number(_value(text))
    except decimal.DivisionByZero as error:
        raise ToolError("The expression divides by zero.", "Change the divisor.") from error
    except decimal.Overflow as error:
        raise ToolError("The value is too large.", "Keep every part below 10**308.") from error
    except decimal.InvalidOperation as error:
        raise ToolError("The expression has no real value.", "Check divisors, roots and powers.") from error
    except (SyntaxError, TypeError, InvalidExpression) as error:
        raise ToolError("The expression is not complete arithmetic.", WAY_OUT) from error
    except (RecursionError, MemoryError) as error:
        raise ToolError("The expression is nested too deeply.", "Split it into several.") from error


def _value(text: str) -> Decimal:
    evaluator = SimpleEval(operators=OPERATORS, functions=FUNCTIONS, names={})
    # A float would have lost digits that the text has.
    evaluator.nodes[ast.Constant] = lambda node: +Decimal(text[node.col_offset : node.end_col_offset])
    value = evaluator.eval(text, previously_parsed=ast.parse(text, mode="eval").body)
    if not isinstance(value, Decimal):
        raise TypeError(f"{text} is not a number")
    return value


def _modulo(left: Decimal, right: Decimal) -> Decimal:
    """Remainder with the sign of the divisor, as in mathematics; `5% - 3` must not become one by accident."""
    if right < 0:
        raise ToolError("% has a negative number on its right.", "Write a percentage as 5 / 100.")
    remainder = left % right
    return remainder + right if remainder < 0 else remainder


def _floor(left: Decimal, right: Decimal) -> Decimal:
    quotient = left // right
    return quotient - 1 if left % right and (left < 0) != (right < 0) else quotient


def _round(value: Decimal, digits: Decimal = Decimal(0)) -> Decimal:
    """Round half away from zero, as invoices do."""
    return value.quantize(Decimal(1).scaleb(-int(digits)), decimal.ROUND_HALF_UP)


OPERATORS: dict[type[ast.AST], Callable[..., Decimal]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: _floor,
    ast.Mod: _modulo,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
}
FUNCTIONS: dict[str, Callable[..., Decimal]] = {
    "abs": abs,
    "max": max,
    "min": min,
    "round": _round,
    "sqrt": Decimal.sqrt,
}
