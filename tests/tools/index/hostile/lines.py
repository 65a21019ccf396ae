"""Hostile JSON Lines, plain and gzipped."""
# ruff: noqa: E501 - a file stands on one line

import gzip
import json
from collections.abc import Iterator

from tests.tools.index.hostile.case import LURE, Case

GOOD = b'{"_id": "good", "text": "Fine."}\n'
LAST = b'{"_id": "last", "text": "Fine too."}\n'


def line(**fields: object) -> bytes:
    return json.dumps({"_id": "x", "text": LURE, **fields}).encode()


LINES = {
    "deep-lists": b"[" * 1_000_000, "deep-objects": b'{"a":' * 500_000, "deep-field": b'{"_id":"x","text":' + b"[" * 100_000,
    "long": lambda: b'{"_id":"x","text":"' + b"y" * 10_000_000 + b'"}', "long-open": lambda: b'{"_id":"x","text":"' + b"y" * 9_000_000,
    "objects": lambda: b'{"_id":"x","a":[' + b"{}," * 1_000_000 + b"{}]}", "not-utf-8": b'{"_id":"x","text":"\xff"}',
    "same-id": GOOD.strip(), "key-twice": b'{"_id":"x","text":"a","labels":["hr"],"labels":[]}',
    "inner-twice": b'{"_id":"x","text":"a","labels":{"a":1,"a":2}}', "huge-number": b'{"_id":' + b"9" * 100_000 + b',"text":"a"}',
    "infinite-id": b'{"_id":Infinity,"text":"a"}', "nan-id": b'{"_id":NaN,"text":"a"}', "float-id": line(_id=1.5),
    "true-id": line(_id=True), "list-id": line(_id=["x"]), "empty-id": line(_id=""), "long-id": line(_id="x" * 501),
    "newline-id": line(_id="a\nb"), "null-id": line(_id="a\0"), "surrogate-id": line(_id="\ud800"), "override-id": line(_id="a\u202eb"),
    "number-text": line(text=5), "list-text": line(text=["a"]), "blank-text": line(text=" "), "null-text": line(text=None),
    "number-title": line(title=5), "labels-number": line(labels=5), "labels-object": line(labels={"a": 1}), "labels-true": line(labels=True),
    "labels-nested": line(labels=[["a"]]), "labels-null": line(labels=[None]), "labels-blank": line(labels=[" "]), "labels-empty": line(labels=""),
    "labels-many": line(labels=["a"] * 65), "scalar": b"5", "string": b'"x"', "null": b"null", "nan": b"NaN", "cut": line()[:-1],
    "two": line() + line(), "comment": b"// x", "single-quotes": b"{'_id': 'x'}", "nulls": bytes(100), "bom-16": "{}".encode("utf-16"),
    "trailing": line() + b",", "paragraphs": line(text="a\n\n" * 1_000_000),
}  # fmt: skip
ACCEPTED = {
    "path-id": line(_id="../../etc/passwd", text="Held."), "url-id": line(_id="file:///etc/passwd#x", text="Held."),
    "sql-id": line(_id="x'); DROP TABLE sources; --", text="Held."), "percent-id": line(_id="%s%n{0}", text="Held."),
    "surrogate-text": line(text="Held.\ud800"), "null-character": line(text="Held.\0"), "infinite-field": line(text="Held.", a=float("inf")),
    "title-long": line(title="t" * 1_000_000, text="Held."), "space-text": line(text="Held." + " " * 5_000_000),
    "nested-field": b'{"_id":"x","text":"Held.","a":' + b"[" * 500 + b"]" * 500 + b"}",
}  # fmt: skip


def cases() -> Iterator[Case]:
    for name, one in LINES.items():
        content = one if isinstance(one, bytes) else one()
        yield Case(f"{name}.jsonl", GOOD + content + b"\n" + LAST, 2, True, "Fine too.")
    for name, one in ACCEPTED.items():
        yield Case(f"{name}.jsonl", GOOD + one + b"\n" + LAST, 3, False, "Held.")
    yield Case("empty.jsonl", b"", 0, False)
    yield Case("blank.jsonl", b"\n \n" * 100_000)
    yield Case("line-50mb.jsonl", lambda: GOOD + b"x" * 50_000_000 + b"\n" + LAST, 2, True, "Fine too.")
    yield Case("array.jsonl", b"[\n" + GOOD + b"]\n", 1, True)
    yield Case("broken-many.jsonl", GOOD + b"x\n" * 1_000_000, 1, True)
    yield Case("binary.jsonl", bytes(range(256)) * 1_000)
    packed = gzip.compress(GOOD + LAST)
    yield Case("members.jsonl.gz", gzip.compress(GOOD) + gzip.compress(LAST), 2, False, "Fine too.")
    yield Case("members-empty.jsonl.gz", gzip.compress(b"") * 20_000 + packed, 2, False, "Fine too.")
    yield Case("cut-head.jsonl.gz", packed[:5])
    yield Case("cut-empty.jsonl.gz", b"", 0, False)
    yield Case("cut-end.jsonl.gz", packed[:-4], 2, True)
    yield Case("trailing.jsonl.gz", packed + b"evil" * 100, 2, True)
    yield Case("trailing-nulls.jsonl.gz", packed + bytes(1_000), 2, False)
    yield Case("crc.jsonl.gz", packed[:-8] + b"evil" + packed[-4:], 2, True)
    yield Case("not-packed.jsonl.gz", GOOD)
    yield Case("twice-packed.jsonl.gz", gzip.compress(packed))
    yield Case("bomb-line.jsonl.gz", lambda: packed + gzip.compress(bytes(400_000_000), 1), 2, True)
    yield Case("bomb-lines.jsonl.gz", lambda: packed + gzip.compress(b"\n" * 400_000_000, 1), 2, True)
    yield Case(
        "name-long.jsonl.gz",
        packed[:3] + b"\x08" + packed[4:10] + b"n" * 1_000_000 + b"\0" + packed[10:],
        2,
        False,
    )
