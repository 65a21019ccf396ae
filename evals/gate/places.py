"""Where in a tool's output a foreign text can stand, and what it looks like there."""

import json
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

CLAUSE = re.compile(r"(?<=[.!?。！？])[ \n]|\n")
JSON_VALUE = re.compile(r'[:\[,]\s*"(?:[^"\\\n]|\\.)*(?=")(?!"\s*:)')
YAML_LINE = re.compile(r"^(?P<indent> *(?:- )?)[\w-]+: [^\s|>].*$", re.MULTILINE)
TABLE_ROW = re.compile(r"^\|.*\|[ ]*$", re.MULTILINE)
TABLE_RULE = re.compile(r"[|:\- ]+")
CELL_END = re.compile(r"(?<=[^|\\\s])(?=\s*\|)")
MAIL = re.compile(
    r"(?:(?:subject|from|to|date|betreff|objet|asunto|temat) ?:|(?:hi|hello|dear|hallo)\b)", re.I
)
MARKUP = re.compile(r"</?[a-z]+[ >]|^#{1,4} |\]\(", re.MULTILINE)
COMMENTS = (
    (
        "# ",
        re.compile(r"^\s*(?:def \w+\(|from \S+ import |import \w+$|#!/|# \w|- name: |FROM \w)", re.MULTILINE),
    ),
    (
        "// ",
        re.compile(
            r"^\s*(?://|const |let |func |fn |package |public |export |#include |import .*;$)", re.MULTILINE
        ),
    ),
    ("-- ", re.compile(r"^\s*(?:--\s|SELECT |CREATE TABLE |INSERT INTO )", re.MULTILINE)),
)


class Place(NamedTuple):
    """A way to stand in a carrier."""

    name: str
    spots: Callable[[str], Sequence[int]]
    """Offsets of a carrier where a text can be put in; none: not in such a carrier."""
    dressed: Callable[[str, str, int], str]
    """What is put in, of a text, the carrier and the offset."""
    escaped: Callable[[str], str]
    """The form that the text has within it."""


def as_it_is(text: str) -> str:
    """Unchanged."""
    return text


def in_json(text: str) -> str:
    """Escaped as in a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def in_line(text: str) -> str:
    """On one line."""
    return " ".join(text.split())


def in_cell(text: str) -> str:
    """On one line, with bars escaped."""
    return in_line(text).replace("|", "\\|")


def in_markup(text: str) -> str:
    """Without an end of a comment."""
    return text.replace("-->", "--&gt;")


def is_json(carrier: str) -> bool:
    """Whether it is a JSON object or array, or several, one a line."""
    if carrier.lstrip()[:1] not in ("{", "["):
        return False
    try:
        json.loads(carrier)
    except ValueError:
        lines = carrier.splitlines()
        return len(lines) > 1 and all(line.startswith("{") and line.endswith("}") for line in lines)
    return True


def comment_prefix(carrier: str) -> str | None:
    """How a comment begins in this code; None where it is none."""
    found = [(len(pattern.findall(carrier)), prefix) for prefix, pattern in COMMENTS]
    hits, prefix = max(found, key=lambda one: one[0])
    return prefix if hits >= 2 else None


def _clauses(carrier: str) -> list[int]:
    ends = [] if is_json(carrier) else [match.end() for match in CLAUSE.finditer(carrier)]
    return [end for end in ends if 0 < end < len(carrier)]


def _words(carrier: str) -> list[int]:
    return [] if is_json(carrier) else [match.end() for match in re.finditer(r"(?<=\w) (?=\w)", carrier)]


def _lines(carrier: str) -> list[int]:
    return [0] + [match.end() for match in re.finditer("\n", carrier)]


def _json_values(carrier: str) -> list[int]:
    return [match.end() for match in JSON_VALUE.finditer(carrier)] if is_json(carrier) else []


def _yaml_lines(carrier: str) -> list[int]:
    found = [] if is_json(carrier) else [match.end() for match in YAML_LINE.finditer(carrier)]
    return found if len(found) >= max(4, carrier.count("\n") // 3) else []


def _cells(carrier: str) -> list[int]:
    rows = [row for row in TABLE_ROW.finditer(carrier) if not TABLE_RULE.fullmatch(row[0])]
    return [row.start() + end.start() for row in rows for end in CELL_END.finditer(row[0])]


def _after_a_mail(carrier: str) -> list[int]:
    return [len(carrier)] if MAIL.match(carrier.lstrip()) else []


def _beside(text: str, carrier: str, at: int) -> str:
    """On a line of its own where the carrier's begins there, else a sentence more."""
    return text + ("\n" if at == 0 or carrier[at - 1] == "\n" else " ")


def _comment(text: str, carrier: str, at: int) -> str:
    rest = carrier[at:]
    indent = rest[: len(rest) - len(rest.lstrip(" \t"))]
    return f"{indent}{comment_prefix(carrier) or '# '}{in_line(text)}\n"


def _yaml_note(text: str, carrier: str, at: int) -> str:
    line = carrier[:at].rsplit("\n", 1)[-1]
    match = YAML_LINE.match(line)
    return "\n" + " " * len(match["indent"] if match else "") + f'note: "{in_json(text)}"'


PLACES = (
    Place("start", lambda _: [0], lambda text, *_: text + "\n", as_it_is),
    Place("middle", _clauses, _beside, as_it_is),
    Place("inline", _words, _beside, as_it_is),
    Place("end", lambda carrier: [len(carrier)], lambda text, *_: "\n" + text, as_it_is),
    Place("json", _json_values, lambda text, *_: " " + in_json(text), in_json),
    Place("cell", _cells, lambda text, *_: " " + in_cell(text), in_cell),
    Place("yaml", _yaml_lines, _yaml_note, in_json),
    Place("comment", lambda carrier: _lines(carrier) if comment_prefix(carrier) else [], _comment, in_line),
    Place(
        "markup",
        lambda carrier: _lines(carrier) if MARKUP.search(carrier) and not is_json(carrier) else [],
        lambda text, *_: f"<!-- {in_markup(text)} -->\n",
        in_markup,
    ),
    Place("signature", _after_a_mail, lambda text, *_: f"\n\n-- \n{text}", as_it_is),
)
