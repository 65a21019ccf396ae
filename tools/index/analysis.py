"""What every backend keeps of a passage beside its text: its name, and its index terms."""

from typing import NamedTuple

from models.text import terms
from state.canonical import digest_text
from tools.index.chunks import embedded


class Analysed(NamedTuple):
    """The index terms of what is embedded for a chunk."""

    title_terms: int
    """How many of them are of the headings, and come first."""
    terms: list[str]


def analysed(title: tuple[str, ...], text: str) -> Analysed:
    """The index terms of a passage below these headings."""
    whole = embedded(title, text)
    found = terms(whole)
    return Analysed(0 if whole == text else len(found) - len(terms(text)), found)


def name_of(source: str, start: int, text: str) -> str:
    """The name of a passage: the same text at the same place has the same one."""
    return digest_text(f"{source}\n{start}\n{text}").removeprefix("sha256:")[:16]
