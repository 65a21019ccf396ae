"""Check digits, computed from the published rules and not by the library that the detectors use."""

from collections.abc import Sequence
from itertools import cycle

# Verhoeff 1969: multiplication in the dihedral group D5, permutation, inverse.
D5 = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
PERMUTED = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def weighted(digits: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, cycle(weights), strict=False))


def luhn(body: str) -> str:
    """ISO/IEC 7812-1, annex B."""
    doubled = [int(digit) * (2 - at % 2) for at, digit in enumerate(reversed(body))]
    return str(-sum(value // 10 + value % 10 for value in doubled) % 10)


def ean(body: str) -> str:
    """GS1: weights 3 and 1 from the right."""
    return str(-weighted(body[::-1], (3, 1)) % 10)


def iban(country: str, account: str) -> str:
    """ISO 13616: 98 less the remainder by 97."""
    number = "".join(str(int(char, 36)) for char in f"{account}{country}00")
    return f"{98 - int(number) % 97:02d}"


def verhoeff(body: str) -> str:
    permutations = [tuple(range(10))]
    for _ in range(7):
        permutations.append(tuple(PERMUTED[value] for value in permutations[-1]))
    check = 0
    for at, digit in enumerate(reversed(f"{body}0")):
        check = D5[check][permutations[at % 8][int(digit)]]
    return str(next(value for value in range(10) if D5[check][value] == 0))


def iso_7064_11_10(body: str) -> str:
    """ISO 7064, mod 11, 10."""
    product = 10
    for digit in body:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def icao(body: str) -> str:
    """ICAO 9303, part 3: 7, 3, 1; letters count from A = 10, `<` is 0."""
    return str(
        sum((0 if c == "<" else int(c, 36)) * w for c, w in zip(body, cycle((7, 3, 1)), strict=False)) % 10
    )
