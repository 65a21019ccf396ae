"""Hostile PDF files, written by hand."""
# ruff: noqa: E501 - a file stands on one line

import zlib
from collections.abc import Iterator

from tests.tools.index.hostile.case import EITHER, Case

HEAD = b"%PDF-1.7\n"
CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>"
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R "
    b"/Resources << /Font << /F1 3 0 R >> >> >>"
)
SHOWN = b"BT /F1 12 Tf 72 720 Td (Hello there.) Tj ET"


def stream(data: bytes, extra: bytes = b"", length: int | bytes | None = None) -> bytes:
    said = len(data) if length is None else length
    written = said if isinstance(said, bytes) else str(said).encode()
    return b"<< /Length %b %b >>\nstream\n%b\nendstream" % (written, extra, data)


def built(objects: list[bytes], trailer: bytes = b"", head: bytes = HEAD) -> bytes:
    body, offsets = head, []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    rows = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer << /Size %d /Root 1 0 R %b >>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, rows, len(objects) + 1, trailer, len(body))
    )


def one_page(contents: bytes, page: bytes = PAGE, pages: bytes = PAGES, catalog: bytes = CATALOG) -> bytes:
    return built([catalog, pages, FONT, page, contents])


GOOD = one_page(stream(SHOWN))


def bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9)
    block = b" " * 1_000_000
    return b"".join([*(packer.compress(block) for _ in range(megabytes)), packer.flush()])


def twice_packed(megabytes: int) -> bytes:
    return zlib.compress(bomb(megabytes), 9)


def cases() -> Iterator[Case]:
    for part in range(1, 20):
        cut = GOOD[: len(GOOD) * part // 20]
        yield Case(f"truncated-{part:02}.pdf", cut)
    yield Case("head-only.pdf", HEAD)
    yield Case("no-head.pdf", GOOD[len(HEAD) :], EITHER)
    yield Case("other-head.pdf", b"%!PS-Adobe-3.0\n" + GOOD[len(HEAD) :], EITHER)
    yield Case("junk-before.pdf", b"\x00\xff" * 5_000 + GOOD, EITHER)
    yield Case("nulls.pdf", bytes(100_000))
    yield Case("html-inside.pdf", b"<html><script>evil()</script></html>")
    yield Case("zip-inside.pdf", b"PK\x03\x04" + bytes(1_000))
    yield Case("startxref-beyond.pdf", GOOD.replace(b"startxref\n", b"startxref\n9999999"), EITHER)
    yield Case("startxref-negative.pdf", GOOD.replace(b"startxref\n", b"startxref\n-"), EITHER)
    yield Case("startxref-zero.pdf", GOOD[: GOOD.rindex(b"startxref")] + b"startxref\n0\n%%EOF\n", EITHER)
    start = GOOD[GOOD.rindex(b"startxref") + 10 :].split()[0]
    yield Case("xref-loop.pdf", GOOD.replace(b"/Root", b"/Prev %b /Root" % start), EITHER)
    yield Case("xref-far.pdf", GOOD.replace(b"/Root", b"/Prev 99999999 /Root"), EITHER)
    yield Case("xref-huge.pdf", GOOD.replace(b"xref\n0 6", b"xref\n0 999999999"), EITHER)
    yield Case("size-huge.pdf", GOOD.replace(b"/Size 6", b"/Size 999999999999"), EITHER)
    yield Case("no-root.pdf", GOOD.replace(b"/Root 1 0 R", b""), EITHER)
    yield Case("root-is-page.pdf", GOOD.replace(b"/Root 1 0 R", b"/Root 4 0 R"), EITHER)
    yield Case("root-is-itself.pdf", built([b"1 0 R"]))
    yield Case("length-short.pdf", one_page(stream(SHOWN, length=3)), EITHER)
    yield Case("length-long.pdf", one_page(stream(SHOWN, length=10_000_000)), EITHER)
    yield Case("length-negative.pdf", one_page(stream(SHOWN, length=-5)), EITHER)
    yield Case("length-huge.pdf", one_page(stream(SHOWN, length=10**30)), EITHER)
    yield Case("length-is-itself.pdf", one_page(stream(SHOWN, length=b"5 0 R")), EITHER)
    yield Case("length-is-name.pdf", one_page(stream(SHOWN, length=b"/No")), EITHER)
    yield Case("no-endstream.pdf", one_page(stream(SHOWN).replace(b"endstream", b"")), EITHER)
    flate = b"/Filter /FlateDecode"
    yield Case("bomb-100m.pdf", lambda: one_page(stream(bomb(100), flate)))
    yield Case("bomb-2g.pdf", lambda: one_page(stream(bomb(2_000), flate)))
    double = b"/Filter [/FlateDecode /FlateDecode]"
    yield Case("bomb-twice.pdf", lambda: one_page(stream(twice_packed(1_000), double)))
    many = b"/Filter [%b]" % (b"/FlateDecode " * 1_000)
    yield Case("filters-thousand.pdf", one_page(stream(zlib.compress(SHOWN), many)))
    yield Case("filter-unknown.pdf", one_page(stream(SHOWN, b"/Filter /Evil")))
    yield Case("filter-is-itself.pdf", one_page(stream(SHOWN, b"/Filter 5 0 R")), EITHER)
    yield Case("flate-damaged.pdf", one_page(stream(zlib.compress(SHOWN)[:-9] + b"evil", flate)), EITHER)
    yield Case("flate-is-text.pdf", one_page(stream(SHOWN, flate)))
    yield Case("lzw.pdf", one_page(stream(b"\x80\x0b" * 50_000, b"/Filter /LZWDecode")))
    yield Case("run-length.pdf", one_page(stream(b"\x81 " * 500_000, b"/Filter /RunLengthDecode")))
    yield Case("ascii85.pdf", one_page(stream(b"z" * 1_000_000, b"/Filter /ASCII85Decode")))
    yield Case("ascii-hex.pdf", one_page(stream(b"2" * 100_001, b"/Filter /ASCIIHexDecode")))
    predictor = flate + b" /DecodeParms << /Predictor 15 /Columns 999999999 >>"
    yield Case("predictor.pdf", one_page(stream(zlib.compress(SHOWN), predictor)))
    yield Case("arrays-deep.pdf", one_page(stream(b"[" * 100_000)))
    deep = PAGE[:-3] + b"/Evil " + b"[" * 50_000 + b"]" * 50_000 + b" >>"
    yield Case("page-deep.pdf", one_page(stream(SHOWN), deep), EITHER)
    dictionaries = PAGE[:-3] + b"/E" + b" << /E" * 20_000 + b" 1" + b" >>" * 20_000 + b" >>"
    yield Case("dictionaries-deep.pdf", one_page(stream(SHOWN), dictionaries), EITHER)
    yield Case("string-open.pdf", one_page(stream(b"BT (" + b"(" * 100_000)))
    yield Case("tree-loop.pdf", one_page(stream(SHOWN), pages=PAGES.replace(b"4 0 R", b"2 0 R")), EITHER)
    looped = PAGES.replace(b"[4 0 R]", b"[" + b"2 0 R " * 50 + b"]")
    yield Case("tree-loop-wide.pdf", one_page(stream(SHOWN), pages=looped), EITHER)
    yield Case("parent-loop.pdf", one_page(stream(SHOWN), PAGE.replace(b"2 0 R", b"4 0 R")), EITHER)
    yield Case("kids-missing.pdf", one_page(stream(SHOWN), pages=b"<< /Type /Pages /Count 1 >>"))
    yield Case("kids-number.pdf", one_page(stream(SHOWN), pages=b"<< /Type /Pages /Kids 7 /Count 1 >>"))
    yield Case("kids-beyond.pdf", one_page(stream(SHOWN), pages=PAGES.replace(b"4 0 R", b"99 0 R")))
    same = b"[" + b"4 0 R " * 6_000 + b"]"
    yield Case("pages-same.pdf", one_page(stream(SHOWN), pages=PAGES.replace(b"[4 0 R]", same)), EITHER)
    counted = PAGES.replace(b"/Count 1", b"/Count 999999999")
    yield Case("count-huge.pdf", one_page(stream(SHOWN), pages=counted), EITHER)
    yield Case(
        "count-negative.pdf", one_page(stream(SHOWN), pages=PAGES.replace(b"/Count 1", b"/Count -1")), EITHER
    )
    chain = [
        CATALOG,
        *(b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (place + 3) for place in range(5_000)),
    ]
    yield Case("tree-deep.pdf", built([*chain, PAGE]))
    forms = PAGE.replace(b"/Font", b"/XObject << /X 6 0 R >> /Font")
    own = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R >> >>"
    calls = stream(b"/X Do " * 50)
    yield Case("form-loop.pdf", built([CATALOG, PAGES, FONT, forms, calls, stream(b"/X Do " * 50, own)]))
    encrypted = b"/Encrypt << /Filter /Standard /V 1 /R 2 /O (%b) /U (%b) /P -4 >> /ID [(a) (a)]" % (
        b"o" * 32,
        b"u" * 32,
    )
    yield Case("encrypted.pdf", built([CATALOG, PAGES, FONT, PAGE, stream(SHOWN)], encrypted))
    unknown = encrypted.replace(b"/V 1", b"/V 99")
    yield Case("encrypted-oddly.pdf", built([CATALOG, PAGES, FONT, PAGE, stream(SHOWN)], unknown))
    yield Case(
        "encrypted-by-itself.pdf",
        built([CATALOG, PAGES, FONT, PAGE, stream(SHOWN)], b"/Encrypt 9 0 R"),
        EITHER,
    )
    cmap = b"1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfrange <0000> <FFFFFF> <0041> endbfrange"
    mapped = FONT[:-3] + b"/ToUnicode 6 0 R >>"
    yield Case("cmap-range.pdf", built([CATALOG, PAGES, mapped, PAGE, stream(SHOWN), stream(cmap)]), EITHER)
    yield Case(
        "cmap-is-itself.pdf",
        built([CATALOG, PAGES, FONT[:-3] + b"/ToUnicode 3 0 R >>", PAGE, stream(SHOWN)]),
        EITHER,
    )
    packed = stream(zlib.compress(b"1 0 2 9 " + CATALOG), b"/Type /ObjStm /N 99999999 /First 8 " + flate)
    yield Case("objects-many.pdf", built([packed, PAGES, FONT, PAGE, stream(SHOWN)]))
    yield Case("operators.pdf", one_page(stream(b"q " * 500_000)))
    yield Case(
        "numbers.pdf", one_page(stream(b"BT " + b"9" * 100_000 + b" 0 Td (Hello there.) Tj ET")), EITHER
    )
    yield Case(
        "javascript.pdf",
        one_page(
            stream(SHOWN), catalog=CATALOG[:-3] + b"/OpenAction << /S /JavaScript /JS (evil\\(\\)) >> >>"
        ),
        1,
        holds="Hello there.",
        lacks=("evil",),
    )
    yield Case(
        "title-long.pdf",
        built(
            [CATALOG, PAGES, FONT, PAGE, stream(SHOWN), b"<< /Title (%b) >>" % (b"t" * 100_000)],
            b"/Info 6 0 R",
        ),
        1,
        holds="Hello there.",
    )
