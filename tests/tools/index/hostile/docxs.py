"""Hostile DOCX files: zip archives and the XML in them."""
# ruff: noqa: E501 - a file stands on one line

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

from tests.tools.index.hostile.case import EITHER, LURE, Case

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
DECLARED = '<?xml version="1.0" encoding="UTF-8"?>'
TYPES = (
    f'{DECLARED}<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{MAIN}"/></Types>'
)
RELATED = (
    f'{DECLARED}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
    f'Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>'
)
HELLO = "<w:p><w:r><w:t>Hello there.</w:t></w:r></w:p>"


def body(inner: str, before: str = "") -> str:
    return f'{DECLARED}{before}<w:document xmlns:w="{W}"><w:body>{inner}</w:body></w:document>'


def packed(document: str | bytes = body(HELLO), **parts: str | bytes | None) -> bytes:
    """A DOCX file; `parts` replaces or (None) leaves out `types`, `related` and `document`, or adds by name."""
    names = {"types": "[Content_Types].xml", "related": "_rels/.rels", "document": "word/document.xml"}
    made = {"types": TYPES, "related": RELATED, "document": document, **parts}
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in made.items():
            if content is not None:
                archive.writestr(names.get(name, name), content)
    return held.getvalue()


GOOD = packed()


def overlapping(entries: int, size: int) -> bytes:
    """Many entries over one kernel of deflated data (D. Fifield, A better zip bomb, WOOT 2019)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    kernel = packer.compress(b"a" * size) + packer.flush()
    crc = zlib.crc32(b"a" * size)
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 33, crc, len(kernel), size, 17, 0)
    central = b"".join(
        struct.pack(
            "<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 33, crc, len(kernel), size, 17, 0, 0, 0, 0, 0, 0
        )
        + b"word/document.xml"
        for _ in range(entries)
    )
    start = local + b"word/document.xml" + kernel
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, entries, entries, len(central), len(start), 0)
    return start + central + end


def quoted() -> bytes:
    """An archive whose directory says that the bomb is small."""
    data = packed(body(HELLO + " " * 50_000_000))
    return data.replace(struct.pack("<I", len(body(HELLO)) + 50_000_000), struct.pack("<I", 500))


def laughs(levels: int, width: int = 10) -> str:
    entities = "".join(
        f'<!ENTITY e{level} "{f"&e{level - 1};" * width if level else "ha"}">' for level in range(levels)
    )
    return body(HELLO.replace("Hello", f"&e{levels - 1};"), f"<!DOCTYPE x [{entities}]>")


def cases() -> Iterator[Case]:
    for part in range(1, 10):
        yield Case(f"truncated-{part}.docx", GOOD[: len(GOOD) * part // 10])
    yield Case("good.docx", GOOD, 1, holds="Hello there.")
    yield Case("pdf-inside.docx", b"%PDF-1.7\n")
    yield Case("nulls.docx", bytes(10_000))
    yield Case("empty-archive.docx", b"PK\5\6" + bytes(18))
    for name in ["types", "related", "document"]:
        yield Case(f"no-{name}.docx", packed(**{name: None}))
        yield Case(f"empty-{name}.docx", packed(**{name: ""}))
        yield Case(f"text-{name}.docx", packed(**{name: "no XML"}))
        yield Case(f"nulls-{name}.docx", packed(**{name: bytes(1_000)}))
    yield Case("bomb-ratio.docx", lambda: packed(body(HELLO + " " * 190_000_000)), EITHER)
    yield Case("bomb-declared.docx", lambda: packed(body(HELLO), **{"word/media/x.bin": bytes(210_000_000)}))
    yield Case("bomb-overlapping.docx", lambda: overlapping(1_000, 10_000_000))
    yield Case("bomb-overlapping-small.docx", lambda: overlapping(20, 9_000_000))
    yield Case("bomb-quoted.docx", quoted)
    many = {f"word/media/{number}.xml": "" for number in range(10_001)}
    yield Case("parts-many.docx", lambda: packed(**many))
    yield Case("paragraphs-many.docx", lambda: packed(body("<w:p/>" * 500_000)), EITHER)
    yield Case(
        "runs-many.docx", lambda: packed(body(f"<w:p>{'<w:r><w:t>a</w:t></w:r>' * 50_000}</w:p>")), EITHER
    )
    yield Case("text-long.docx", lambda: packed(body(HELLO.replace("Hello", "a" * 11_000_000))))
    yield Case("laughs.docx", packed(laughs(9)), EITHER, lacks=("hahaha",))
    yield Case("laughs-wide.docx", packed(laughs(3, 2_000)), EITHER, lacks=("hahaha",))
    loop = '<!DOCTYPE x [<!ENTITY a "&b;"><!ENTITY b "&a;">]>'
    yield Case("entities-loop.docx", packed(body(HELLO.replace("Hello", "&a;"), loop)), EITHER)
    for name, target in [
        ("file", "file:///etc/passwd"),
        ("http", "http://127.0.0.1:9/x"),
        ("device", "/dev/zero"),
    ]:
        outside = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{target}">]>'
        yield Case(
            f"entity-{name}.docx",
            packed(body(HELLO.replace("Hello", "&e;"), outside)),
            EITHER,
            lacks=("root:",),
        )
        whole = f'<!DOCTYPE x SYSTEM "{target}">'
        yield Case(f"doctype-{name}.docx", packed(body(HELLO, whole)), EITHER, lacks=("root:",))
        own = TYPES.replace("?><", f'?><!DOCTYPE x [<!ENTITY % e SYSTEM "{target}"> %e;]><')
        yield Case(f"types-{name}.docx", packed(types=own), EITHER, lacks=("root:",))
    parameter = "<!DOCTYPE x [<!ENTITY % p \"<!ENTITY q 'x'>\"> %p;]>"
    yield Case("entity-parameter.docx", packed(body(HELLO, parameter)), EITHER)
    yield Case("nested.docx", packed(body("<w:p>" * 100_000 + "</w:p>" * 100_000)))
    tables = "<w:tbl><w:tr><w:tc>" * 80 + HELLO + "</w:tc></w:tr></w:tbl>" * 80
    yield Case("tables-nested.docx", packed(body(tables)), EITHER)
    span = '<w:tc><w:tcPr><w:gridSpan w:val="{}"/></w:tcPr>' + HELLO + "</w:tc>"
    for count in ["1000000000", "20000", "-7", "many"]:
        yield Case(
            f"span-{count}.docx", packed(body(f"<w:tbl><w:tr>{span.format(count)}</w:tr></w:tbl>")), EITHER
        )
    merged = "<w:tbl><w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc></w:tr></w:tbl>"
    yield Case("merge-nothing.docx", packed(body(merged)), EITHER)
    attributes = " ".join(f"a{number}='x'" for number in range(100_000))
    yield Case("attributes-many.docx", packed(body(f"<w:p {attributes}/>")), EITHER)
    yield Case("attribute-long.docx", packed(body(f'<w:p a="{"x" * 11_000_000}"/>')))
    yield Case("encoding-wrong.docx", packed(body(HELLO).replace("UTF-8", "UTF-16")), EITHER)
    yield Case("encoding-unknown.docx", packed(body(HELLO).replace("UTF-8", "evil-9")))
    yield Case("encoding-utf7.docx", packed(body(HELLO).replace("UTF-8", "UTF-7")), EITHER)
    yield Case("not-closed.docx", packed(body(HELLO)[:-30]))
    yield Case("other-root.docx", packed(f"{DECLARED}<x/>"))
    yield Case("no-body.docx", packed(f'{DECLARED}<w:document xmlns:w="{W}"/>'))
    yield Case("traversal.docx", packed(**{"../../../../tmp/evil.xml": LURE}), 1, holds="Hello there.")
    yield Case("absolute.docx", packed(**{"/etc/evil.xml": LURE}), 1, holds="Hello there.")
    outward = RELATED.replace("word/document.xml", "../../../../etc/passwd")
    yield Case("target-outside.docx", packed(related=outward), lacks=("root:",))
    external = RELATED.replace('Target="', 'TargetMode="External" Target="http://127.0.0.1:9/')
    yield Case("target-external.docx", packed(related=external))
    itself = RELATED.replace("word/document.xml", "_rels/.rels")
    yield Case("target-itself.docx", packed(related=itself))
    damaged = bytearray(GOOD)
    damaged[GOOD.index(b"word/document.xml") + 60] ^= 0xFF
    yield Case("crc-wrong.docx", bytes(damaged))
    flagged = bytearray(GOOD)
    flagged[GOOD.rindex(b"PK\1\2") + 8] |= 1
    flagged[GOOD.index(b"word/document.xml") - 24] |= 1
    yield Case("encrypted.docx", bytes(flagged))
    method = bytearray(GOOD)
    method[GOOD.rindex(b"PK\1\2") + 10] = 99
    yield Case("method-unknown.docx", bytes(method))
    yield Case("macro.docx", packed(**{"word/vbaProject.bin": LURE}), 1, holds="Hello there.")
    deleted = f"<w:p><w:del><w:r><w:delText>{LURE}</w:delText></w:r></w:del></w:p>"
    yield Case("deleted.docx", packed(body(HELLO + deleted)), 1, holds="Hello there.")
