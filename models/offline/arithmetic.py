"""Finding a calculation in a question and writing it as an expression; dates and phone numbers are none."""

import ast
import re
from functools import partial
from typing import NamedTuple

MAX_EXPRESSION = 200
MAX_EXTRA_WORDS = 2
MAX_TEXT = 500
"""A longer text is not searched for a calculation."""

NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
MONEY = r"(?:[$€£]|\b(?:eur|usd|gbp|chf|euros?|dollars?|pounds?)\b)"
OPERAND = rf"(?:{MONEY}\s*)?{NUMBER}"
PERCENT = r"\s*(?:%|percent\b|per\s+cent\b)"
LEAD = re.compile(
    r"^(?:what(?:'s|\s+is|\s+are|\s+would\s+be|\s+does)?|how\s+much(?:\s+is|\s+are|\s+would\s+be|\s+does)?|calculate"
    r"|compute|work\s+out|evaluate|solve|add|subtract|multiply|divide|sum|find|tell\s+me|give\s+me)\b",
    re.IGNORECASE,
)
OPENING = re.compile(
    r"^(?:(?:what|how\s+much)(?:'s|\s+(?:is|are|would\s+be))?|calculate|compute|work\s+out|evaluate|solve"
    r"|find|tell\s+me|give\s+me)\b",
    re.IGNORECASE,
)
IMPERATIVE = re.compile(
    r"(?:does|add|subtract|multiply|divide|reduce|increase|raise|decrease)\b", re.IGNORECASE
)
CALCULATE = re.compile(r"^(?:calculate|compute|work\s+out|evaluate|solve|multiply|divide)\b", re.IGNORECASE)
NEUTRAL = frozenset(
    re.findall(
        r"\w+",
        "the a an is are of result sum total value equal equals make makes cost costs be exactly please "
        "answer in and eur usd gbp chf euro euros dollar dollars pound pounds to for it s does",
    )
)
# What looks like a subtraction or a division and is none: dates, phone numbers, "24/7", "9/11".
DISGUISED = re.compile(
    r"\d{4}-\d{1,2}(?:-\d{1,2})?|\d{1,2}/\d{1,2}/\d{2,4}|\d{1,2}\.\d{1,2}\.\d{2,4}|\d+-\d+-\d[\d-]*|\d{3}-\d{4}"
    r"|24/7|9/11|\d+(?:\.\d+){2,}"
)
CODE = re.compile(r"\b[^\W\d_]+[-_/]?\d[\w-]*|\b\d+[-_][^\W\d_][\w-]*|\+\d[\d ()/-]{5,}")
SPOKEN = re.compile(r"\b(?:plus|minus|times|divided\s+by|multiplied\s+by)\b", re.IGNORECASE)
BARE_PAIR = re.compile(r"\s*\d+[-/]\d+\s*")
SYMBOLIC = re.compile(r"[-+(\s]*\d[\d.\s()+*/%-]*[\d)]")
ONES = re.findall(
    r"\w+",
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty",
)
TENS = ("thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred")
WORDS = dict(zip((*ONES, *TENS), (*range(21), *range(30, 101, 10)), strict=True))
SCALES = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}


class Calculation(NamedTuple):
    """A calculation in a text."""

    phrase: str
    """As the user wrote it."""
    expression: str
    """With numbers, `+ - * / **` and parentheses."""


class _Rule(NamedTuple):
    pattern: re.Pattern[str]
    template: str


def _rule(pattern: str, template: str) -> _Rule:
    filled = pattern.replace("N%", rf"({NUMBER}){PERCENT}").replace("N", rf"(?:{MONEY}\s*)?({NUMBER})")
    return _Rule(re.compile(filled, re.IGNORECASE), template)


RULES = (
    _rule(r"N%\s+(?:off|discount\s+(?:on|off|from))(?:\s+(?:of|the|an?))?\s+N", "({1} * (100 - {0}) / 100)"),
    _rule(r"N%\s+(?:of|(?:tip|tax|vat|interest)\s+(?:of|on))(?:\s+(?:the|an?))?\s+N", "({1} * {0} / 100)"),
    _rule(r"(?:reduce|decrease)\s+N\s+by\s+N%", "({0} * (100 - {1}) / 100)"),
    _rule(r"(?:increase|raise)\s+N\s+by\s+N%", "({0} * (100 + {1}) / 100)"),
    _rule(r"add\s+N%\s+to\s+N", "({1} * (100 + {0}) / 100)"),
    _rule(r"subtract\s+N%\s+from\s+N", "({1} * (100 - {0}) / 100)"),
    _rule(r"N\s*(?:minus|less|-)\s*N%", "({0} * (100 - {1}) / 100)"),
    _rule(r"N\s*(?:plus|\+)\s*N%", "({0} * (100 + {1}) / 100)"),
    _rule(r"subtract\s+N\s+from\s+N", "({1} - {0})"),
    _rule(r"add\s+N\s+(?:to|and)\s+N", "({0} + {1})"),
    _rule(r"multiply\s+N\s+(?:by|with|and)\s+N", "({0} * {1})"),
    _rule(r"divide\s+N\s+by\s+N", "({0} / {1})"),
    _rule(r"difference\s+between\s+N\s+and\s+N", "({0} - {1})"),
    _rule(r"(?:square\s+root|sqrt)\s+of\s+N", "({0} ** 0.5)"),
    _rule(r"(?:the\s+)?half\s+of\s+N", "({0} / 2)"),
    _rule(r"a\s+third\s+of\s+N", "({0} / 3)"),
    _rule(r"a\s+quarter\s+of\s+N", "({0} / 4)"),
    _rule(r"twice\s+N|double\s+N", "({0} * 2)"),
    _rule(r"N\s+squared\b", "({0} ** 2)"),
    _rule(r"N\s+cubed\b", "({0} ** 3)"),
)
SERIES = re.compile(
    rf"(?:the\s+)?\b(?P<what>sum|total|average|mean|product)\s+of\s+"
    rf"(?P<numbers>{OPERAND}(?:\s*(?:,\s*and\b|,|\band\b|&)\s*{OPERAND})+)",
    re.IGNORECASE,
)
OPERATORS = (
    (re.compile(r"(?<=\d)\s*(?:multiplied\s+by|times|[×·x])\s*(?=[\d(])", re.IGNORECASE), " * "),
    (re.compile(r"(?<=\))\s*(?:multiplied\s+by|times|[×·x])\s*(?=[\d(])", re.IGNORECASE), " * "),
    (re.compile(r"\s*(?:divided\s+by|over|÷)\s*(?=[\d(])", re.IGNORECASE), " / "),
    (re.compile(r"\s+plus\s+(?=[\d(])", re.IGNORECASE), " + "),
    (re.compile(r"\s+minus\s+(?=[\d(])|\s*−\s*(?=[\d(])", re.IGNORECASE), " - "),
    (re.compile(r"\s*(?:to\s+the\s+power\s+of|\^|\*\*)\s*(?=[\d(])", re.IGNORECASE), " ** "),
)


def calculation(text: str) -> Calculation | None:
    """The calculation that a question asks for, or None.

    A question that only mentions numbers is none: besides the calculation it may have no more than
    MAX_EXTRA_WORDS words of its own.
    """
    if len(text) > MAX_TEXT:
        return None
    if not any(char.isdigit() for char in text) and not (WORDS.keys() & _words(text)):
        return None
    bare = text.strip().rstrip("?=.! ").strip()
    led = LEAD.match(bare)
    symbolic = _symbolic(CODE.sub(" ; ", bare), spoken=bool(led or SPOKEN.search(bare)))
    match = max(SYMBOLIC.finditer(symbolic), key=lambda found: len(found[0]), default=None)
    expression = _checked(match[0]) if match else None
    if match is None or expression is None:
        return None
    rest = _words(LEAD.sub("", symbolic[: match.start()]) + " " + symbolic[match.end() :]) - NEUTRAL
    allowed = MAX_EXTRA_WORDS if led and not BARE_PAIR.fullmatch(match[0]) else 0
    if len(rest) > allowed and not CALCULATE.match(bare):
        return None
    return Calculation(_phrase(bare, expression), expression)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]+", text.lower()))


def _symbolic(text: str, spoken: bool) -> str:
    """Rewrite what people say into operators."""
    text = DISGUISED.sub(" ; ", text)
    text = (
        re.sub(r"\b[^\W\d_]+\b", lambda word: str(WORDS.get(word[0].lower(), word[0])), text)
        if spoken
        else text
    )
    text = re.sub(rf"({NUMBER})\s+({'|'.join(SCALES)})\b", _scaled, text, flags=re.IGNORECASE)
    text = SERIES.sub(_series, text)
    for rule in RULES:
        text = rule.pattern.sub(partial(_apply, rule), text)
    text = re.sub(r"(?<=\d)%(?!\d)", " ; ", text)
    text = re.sub(MONEY, " ", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    for pattern, symbol in OPERATORS:
        text = pattern.sub(symbol, text)
    return text


def _apply(rule: _Rule, match: re.Match[str]) -> str:
    return rule.template.format(*(group.replace(",", "") for group in match.groups() if group))


def _scaled(match: re.Match[str]) -> str:
    return f"{float(match[1].replace(',', '')) * SCALES[match[2].lower()]:.10g}"


def _series(match: re.Match[str]) -> str:
    numbers = [number.replace(",", "") for number in re.findall(NUMBER, match["numbers"])]
    joined = f"({(' * ' if match['what'].lower() == 'product' else ' + ').join(numbers)})"
    return f"({joined} / {len(numbers)})" if match["what"].lower() in ("average", "mean") else joined


def _checked(text: str) -> str | None:
    """The expression if it is one: at least one operator, numbers as leaves."""
    expression = re.sub(r"\s+", " ", text).strip()
    if len(expression) > MAX_EXPRESSION or "//" in expression:
        return None
    tree = _parsed(expression)
    if tree is None or not any(isinstance(node, ast.BinOp) for node in ast.walk(tree)):
        return None
    inner = _parsed(expression[1:-1].strip())
    return expression[1:-1].strip() if inner and ast.dump(inner) == ast.dump(tree) else expression


def _parsed(expression: str) -> ast.expr | None:
    """The syntax tree if it holds nothing but numbers and operators."""
    try:
        tree = ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    allowed = (ast.BinOp, ast.UnaryOp, ast.Constant, ast.operator, ast.unaryop)
    return tree if all(isinstance(node, allowed) for node in ast.walk(tree)) else None


def _phrase(bare: str, expression: str) -> str:
    """The user's words without `what is` in front, or the expression where they do not hold its numbers."""
    words = OPENING.sub("", bare).strip()
    same = set(re.findall(NUMBER, words.replace(",", ""))) <= set(re.findall(NUMBER, expression))
    return words if same and not IMPERATIVE.match(words) else expression
