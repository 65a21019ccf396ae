import gzip
import json
import zipfile
from itertools import pairwise
from pathlib import Path

import docx
import pytest

from tools.index.document import MAX_LINE_BYTES, MAX_TEXT_CHARS, BrokenDocumentError, Document
from tools.index.files import Broken, discover, read
from tools.index.formats.docx import MAX_UNZIPPED_BYTES
from tools.index.isolation import Bounds, Isolation, isolation

PDF_HEAD = b"%PDF-1.4\n"


def pdf(*pages: list[str]) -> bytes:
    """A small PDF by hand: one content stream a page, one line of text after the other."""
    kids = " ".join(f"{4 + 2 * page} 0 R" for page in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for page, lines in enumerate(pages):
        shown = " ".join(f"({line}) Tj T*" for line in lines)
        stream = f"BT /F1 12 Tf 72 720 Td 14 TL {shown} ET"
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * page} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>",
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        ]
    body, offsets = PDF_HEAD, []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    return (
        body
        + (
            f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
            f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
        ).encode()
    )


@pytest.fixture(scope="module")
def reader():  # type: ignore[no-untyped-def]
    with isolation() as one:
        yield one


def only(path: Path, reader: Isolation) -> Document:
    (document,) = read(path, path.name, reader)
    assert isinstance(document, Document)
    for before, after in pairwise(document.blocks):
        assert before.end <= after.start
    return document


def shown(document: Document) -> list[tuple[tuple[str, ...], str]]:
    return [(block.title, document.text[block.start : block.end]) for block in document.blocks]


def test_markdown_takes_title_and_labels_from_its_front_matter(tmp_path: Path, reader: Isolation) -> None:
    path = tmp_path / "a.md"
    path.write_text(
        "---\ntitle: Shop\nlabels: [staff, hr]\n---\n\n# *Returns*\r\n\r\nFree.\n[x]: /y\n", "utf-8"
    )
    document = only(path, reader)
    assert document.labels == ("hr", "staff")
    assert shown(document)[0] == (("Shop", "Returns"), "# *Returns*")
    assert "labels" not in document.text


@pytest.mark.parametrize(
    "front", ["labels: [staff", "labels: {a: b}", "labels: 3", "labels: [1]", "labels: ['']"]
)
def test_unclear_labels_are_not_taken_for_none(tmp_path: Path, reader: Isolation, front: str) -> None:
    path = tmp_path / "a.md"
    path.write_text(f"---\n{front}\n---\nSecret.\n", "utf-8")
    with pytest.raises(BrokenDocumentError):
        only(path, reader)


def test_html_keeps_structure_and_drops_what_is_not_text(tmp_path: Path, reader: Isolation) -> None:
    path = tmp_path / "a.html"
    path.write_bytes(
        "<html><head><title>T &amp; C</title><style>p{}</style></head><body>"
        "<script>evil()</script><nav>Home</nav>"
        "<h2>Return<br>costs</h2><p>Free   in\n Köln.<ul><li>one<li>two</ul><!-- no -->"
        "<table><tr><th>Zone<th>Price<tr><td>DE<td><p>4.90</p></table><pre>a\n  b</pre></body>".encode()
    )
    document = only(path, reader)
    assert document.text == (
        "## Return costs\n\nFree in Köln.\n\n- one\n- two\n\n"
        "| Zone | Price |\n| --- | --- |\n| DE | 4.90 |\n\n```\na\n  b\n```\n"
    )
    assert {title for title, _ in shown(document)} == {("T & C", "Return costs")}


def test_html_in_a_declared_encoding(tmp_path: Path, reader: Isolation) -> None:
    path = tmp_path / "a.htm"
    path.write_bytes('<meta charset="iso-8859-1"><p>Käse</p>'.encode("latin-1"))
    assert only(path, reader).text == "Käse\n"


def test_pdf_sentences_run_on_over_pages(tmp_path: Path, reader: Isolation) -> None:
    path = tmp_path / "a.pdf"
    first = "A parcel is returned within thirty days of its delivery, and then"
    path.write_bytes(pdf(["Returns", first], ["the money comes back.", "Fine."]))
    assert only(path, reader).text == f"Returns\n\n{first}\nthe money comes back.\nFine."


def test_docx_keeps_headings_lists_and_tables(tmp_path: Path, reader: Isolation) -> None:
    made = docx.Document()
    made.add_heading("Warranty", 1)
    made.add_paragraph("Two years.")
    made.add_paragraph("machines", style="List Bullet")
    made.add_paragraph("grinders", style="List Bullet")
    table = made.add_table(rows=2, cols=2)
    for cell, text in zip((cell for row in table.rows for cell in row.cells), "abcd", strict=True):
        cell.text = text
    made.core_properties.title = "Paper"
    path = tmp_path / "a.docx"
    made.save(str(path))
    document = only(path, reader)
    assert (
        document.text
        == "# Warranty\n\nTwo years.\n\n- machines\n- grinders\n\n| a | b |\n| --- | --- |\n| c | d |\n"
    )
    assert shown(document)[0] == (("Paper", "Warranty"), "# Warranty")


def test_each_line_of_jsonl_is_a_source(tmp_path: Path, reader: Isolation) -> None:
    lines = [
        {"_id": 7, "title": "T", "text": "One.\r\nTwo.", "labels": "staff"},
        {"id": "b", "title": "only a title"},
    ]
    path = tmp_path / "c.jsonl.gz"
    path.write_bytes(gzip.compress("\n\n".join(map(json.dumps, lines)).encode()))
    first, second = read(path, "c.jsonl.gz", reader)
    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert (first.source, first.text, first.labels) == ("c.jsonl.gz#7", "One.\nTwo.", ("staff",))
    assert first.blocks[0].title == ("T",)
    assert second.text == "only a title"


def test_broken_lines_of_jsonl_are_named_and_the_others_read(tmp_path: Path, reader: Isolation) -> None:
    good = b'{"_id": "1", "text": "Fine. \\ud800 \\u0000"}'
    broken = [
        b"{", b"[]", b"\xff\xfe", b'{"text": "no id"}', b'{"_id": "2"}', b'{"_id": "3", "text": 5}',
        b'{"_id": true, "text": "x"}',
        b"[" * 100_000, b'{"_id": "4", "text": "' + b"x" * MAX_LINE_BYTES + b'"}',
        b'{"_id": "1", "text": "again"}', b'{"_id": "5", "text": "x", "labels": 5}',
    ]  # fmt: skip
    path = tmp_path / "c.jsonl"
    path.write_bytes(b"\n".join([good, *broken, b'{"_id": "6", "text": "Last."}']))
    items = list(read(path, "c", reader))
    assert [item.source for item in items if isinstance(item, Document)] == ["c#1", "c#6"]
    assert [item.source for item in items if isinstance(item, Broken)] == [
        f"c:{number}" for number in range(2, len(broken) + 2)
    ]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("utf-8-sig", "Größe"), ("utf-16", "Größe"), ("utf-32", "Größe"), ("cp1252", "Größe – “a”")],
)
def test_text_in_other_encodings(tmp_path: Path, reader: Isolation, encoding: str, text: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode(encoding))
    assert only(path, reader).text == text


def bomb(path: Path) -> None:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("word/document.xml", "w") as part,
    ):
        for _ in range(MAX_UNZIPPED_BYTES // 10_000_000 + 1):
            part.write(bytes(10_000_000))


HOSTILE = {
    "binary.md": bytes(range(256)) * 100,
    "random.txt": bytes((number * 7919) % 256 for number in range(10_000)),
    "truncated.pdf": pdf(["Hello there."])[:200],
    "no.pdf": b"not a PDF",
    "picture.pdf": pdf([""]),
    "no.docx": b"not a zip",
    "empty.docx": b"",
    "huge.txt": b"x" * (MAX_TEXT_CHARS + 1),
    "damaged.jsonl.gz": gzip.compress(b'{"_id": "1", "text": "x"}\n' * 1000)[:-20],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_broken_file_is_reported_with_the_way_out(name: str, tmp_path: Path, reader: Isolation) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[name])
    with pytest.raises(BrokenDocumentError, match=r"\. [A-Z]"):
        list(read(path, name, reader))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, reader: Isolation) -> None:
    bomb(tmp_path / "bomb.docx")
    with pytest.raises(BrokenDocumentError, match="200 MB"):
        only(tmp_path / "bomb.docx", reader)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("deep.html", "<div>" * 100_000 + "deep" + "</div>" * 100_000),
        ("tags.html", "<b" * 200_000),
        ("deep.md", "> " * 5_000 + "deep"),
        ("lists.md", "".join("  " * depth + "- x\n" for depth in range(300))),
        ("empty.md", ""),
        ("blank.html", " \n"),
    ],
)
def test_odd_but_harmless_files_are_read(name: str, text: str, tmp_path: Path, reader: Isolation) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    only(path, reader)


def test_a_file_that_takes_too_long_ends_its_reader_and_not_the_next_file(tmp_path: Path) -> None:
    fine = tmp_path / "fine.txt"
    fine.write_text("Fine.", "utf-8")
    reader = Isolation(Bounds(cpu_seconds=1, seconds=2))
    for way in ["computes", "waits"]:
        with pytest.raises(BrokenDocumentError, match="longer than 1 s"):
            reader.read("tests.tools.index.endless", tmp_path / way, "e")
    assert reader.read("tools.index.formats.plain", fine, "f").text == "Fine."
    reader.close()


def test_folders_are_searched_without_hidden_files_and_loops(tmp_path: Path) -> None:
    for name in ["b/two.MD", "a.txt", ".git/x.md", "b/.hidden.md", "picture.png"]:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x", "utf-8")
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    (tmp_path / "self.md").symlink_to(tmp_path / "self.md")
    found = discover([tmp_path, tmp_path / "a.txt", tmp_path / "picture.png", tmp_path / "gone"])
    assert [path.relative_to(tmp_path).as_posix() for path in found.files] == ["a.txt", "b/two.MD"]
    assert [one.source for one in found.broken] == [
        str(tmp_path / name) for name in ("self.md", "picture.png")
    ]
    assert found.missing == [tmp_path / "gone"]
