"""Arithmetic in decimals, so that 0.1 + 0.2 is 0.3 and money adds up."""

import decimal
from decimal import Decimal

# The precision of decimal128 (IEEE 754) in the range of a double, so that no result becomes infinite.
CONTEXT = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN, Emin=-307, Emax=307)
EXACT_INTEGER = 2**53
"""Up to here every JSON reader keeps an integer exact (RFC 8259, section 6)."""


def plain_number(value: Decimal) -> int | float:
    """The number as JSON has it; an integer where that is exact."""
    integral = value == value.to_integral_value() and abs(value) <= EXACT_INTEGER
    return int(value) if integral else float(value)
