"""Hostile Markdown and plain text files."""
# ruff: noqa: E501 - a file stands on one line

import codecs
from collections.abc import Iterator

from tests.tools.index.hostile.case import EITHER, LURE, Case

TEXT = "Größe: within thirty days."
GOOD = f"# Returns\n\n{TEXT}\n"
NOISE = bytes((number * number * 7919 + number // 3) % 256 for number in range(50_000))

BINARIES = {
    "noise": NOISE, "nulls": bytes(100_000), "bytes": bytes(range(256)) * 100, "elf": b"\x7fELF" + NOISE,
    "zip": b"PK\3\4" + NOISE, "png": b"\x89PNG\r\n\x1a\n" + NOISE, "pdf": b"%PDF-1.7\n" + NOISE,
    "sqlite": b"SQLite format 3\0" + NOISE, "pickle": b"\x80\x04\x95" + NOISE, "gzip": b"\x1f\x8b\x08\0" + NOISE,
}  # fmt: skip
REPEATED = {
    "stars": ("*a ", 200_000), "underscores": ("_a", 200_000), "brackets": ("[", 300_000),
    "links": ("[a](", 100_000), "images": ("![a](<", 50_000), "ticks": ("`", 300_000),
    "tick-runs": ("`a``b```c", 50_000), "quotes": ("> ", 20_000), "tight-quotes": (">", 100_000),
    "lists": ("- ", 20_000), "numbers": ("1. ", 20_000), "mixed": ("> - ", 20_000),
    "definitions": ("[a]: /b\n", 100_000), "open-definitions": ("[a\n", 30_000), "angles": ("<", 300_000),
    "comments": ("<!--\n", 50_000), "declarations": ("<!A ", 100_000), "headings": ("# a\n", 50_000),
    "underlines": ("a\n=\n", 50_000), "fences": ("```\n", 100_000), "tildes": ("~~~\n\n", 50_000),
    "rules": ("***\n", 50_000), "tabs": ("\t", 500_000), "spaces": (" ", 1_000_000),
    "newlines": ("\n", 1_000_000), "returns": ("\r", 500_000), "backslashes": ("\\", 500_000),
    "entities": ("&amp;", 100_000), "bare-entities": ("&", 300_000), "pipes": ("|", 300_000),
    "rows": ("|a|b\n", 50_000), "abbreviations": ("Dr. ", 100_000), "dots": (".", 300_000),
    "quotation": ("“a. ", 50_000), "joiners": ("a\u200d", 200_000), "accents": ("a" + "\u0301" * 100, 2_000),
    "emoji": ("\U0001f468\u200d\U0001f469\u200d", 50_000), "overrides": ("\u202eabc", 50_000),
    "zero-width": ("\u200b", 200_000), "separators": ("\u2028", 200_000), "no-space": ("x", 1_000_000),
    "parens": ("((a", 100_000), "hyphens": ("- - ", 50_000),
}  # fmt: skip
FRONTS = {
    "open": "labels: [staff", "mapping": "labels: {a: b}", "number": "labels: 3", "twice": "labels: [hr]\nlabels: []",
    "tag": "title: !!python/object/apply:os.system ['true']", "name": "x: !!python/name:os.system",
    "alias": "a: &a [x]\nlabels: *a", "anchor-loop": "labels: &a [*a]",
    "laughs": "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 20)) + "labels: *a19",
    "merges": "a0: &a0 {x: y}\n" + "".join(f"a{n}: &a{n} {{<<: [{','.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 20)),
    "deep": "x: " + "[" * 5_000, "deep-braces": "x: " + "{" * 5_000, "integer": f"labels: {'9' * 10_000}",
    "sixty": "labels: [" + ",".join(["a"] * 65) + "]", "date": "labels: 2020-99-99", "binary": "labels: !!binary x",
    "set": "labels: !!set {a}", "null-item": "labels: [null]", "tab": "labels:\n\t- a", "long": "labels: hr\n" + "x: y\n" * 5_000,
    "two-documents": "labels: hr\n...\nlabels: []", "control": 'labels: hr\nx: "\x01"', "bare-nul": "\0",
}  # fmt: skip


def cases() -> Iterator[Case]:
    for name, data in BINARIES.items():
        yield Case(f"{name}.md", data)
    yield Case("noise.txt", NOISE)
    for name, (unit, count) in REPEATED.items():
        yield Case(f"many-{name}.md", (GOOD + unit * (count // 5)).encode(), EITHER)
        if name in {"no-space", "newlines", "quotation", "accents", "dots"}:
            yield Case(f"many-{name}.txt", (GOOD + unit * (count // 5)).encode(), EITHER)
    for name, front in FRONTS.items():
        yield Case(f"front-{name}.md", f"---\n{front}\n---\n{LURE}\n".encode())
    # No label is stated there, so that nothing is lost by taking it for text, or for nothing.
    yield Case("front-scalar.md", f"---\njust words\n---\n{TEXT}\n".encode(), 1, holds=TEXT)
    yield Case("front-list.md", f"---\n- a\n---\n{TEXT}\n".encode(), 1, holds=TEXT)
    for suffix in ["md", "txt"]:
        yield Case(f"line-50mb.{suffix}", lambda: b"word " * 10_000_000)
        yield Case(f"line-50mb-no-space.{suffix}", lambda: b"x" * 50_000_000)
        yield Case(f"empty.{suffix}", b"", 1)
        yield Case(f"space.{suffix}", b" \t\r\n" * 1_000, 1)
        yield Case(f"latin-1.{suffix}", GOOD.encode("latin-1"), 1, holds=TEXT)
        yield Case(f"utf-16.{suffix}", GOOD.encode("utf-16"), 1, holds=TEXT)
        yield Case(f"utf-32.{suffix}", GOOD.encode("utf-32"), 1, holds=TEXT)
        yield Case(f"utf-16-unmarked.{suffix}", GOOD.encode("utf-16-le"))
        yield Case(f"utf-32-unmarked.{suffix}", GOOD.encode("utf-32-be"))
        yield Case(f"utf-16-cut.{suffix}", GOOD.encode("utf-16")[:-1])
        yield Case(f"utf-16-surrogate.{suffix}", codecs.BOM_UTF16_LE + b"\x00\xd8a\x00")
        yield Case(f"koi8-r.{suffix}", ("Возврат товара в течение тридцати дней. " * 5).encode("koi8-r"))
        yield Case(f"shift-jis.{suffix}", ("返品は三十日以内にできます。" * 10).encode("shift-jis"))
        yield Case(f"gb18030.{suffix}", ("三十天内可以退货。" * 10).encode("gb18030"))
        yield Case(f"control.{suffix}", GOOD.encode() + b"\x01\x02")
        yield Case(f"escapes.{suffix}", GOOD.encode() + b"\x1b[2J\x1b]0;evil\x07")
        yield Case(f"surrogates.{suffix}", GOOD.encode() * 5 + b"\xed\xa0\x80")
        yield Case(f"overlong.{suffix}", GOOD.encode() + b"\xc0\xaf" * 50)
    yield Case("too-big.md", lambda: bytes(100_000_001))
    yield Case("columns.md", ("|" + "a|" * 20_000 + "\n|" + "-|" * 20_000 + "\n").encode(), EITHER)
    yield Case("paragraphs.txt", lambda: b"a\n\n" * 3_000_000)
    yield Case("paragraphs.md", lambda: b"a\n\n" * 3_000_000)
    indented = "".join(" " * depth + "- x\n" for depth in range(1_500))
    yield Case("indented.md", indented.encode(), EITHER)
    yield Case("mixed-ends.md", b"# Returns\r\rA\r\nB\n\rC", 1, holds="A\nB")
