"""Hostile HTML files."""

import codecs
from collections.abc import Iterator

from tests.tools.index.hostile.case import EITHER, LURE, Case

TEXT = "Free returns in Köln."
GOOD = f"<p>{TEXT}</p>"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 100

HIDDEN = {
    "script": "<script>{}</script>",
    "script-open": "<p></p><script>{}",
    "script-typed": '<script type="text/plain">{}</script>',
    "script-case": "<ScRiPt>{}</sCrIpT>",
    "script-slash": "<script/x>{}</script/>",
    "style": "<style>p::before {{ content: '{}' }}</style>",
    "comment": "<!-- {} -->",
    "comment-open": "<p></p><!-- {}",
    "comment-conditional": "<!--[if IE]>{}<![endif]-->",
    "comment-dashes": "<!-- -- > {} ---->",
    "instruction": "<?php echo '{}' ?>",
    "template": "<template><p>{}</p></template>",
    "noscript": "<noscript>{}</noscript>",
    "iframe": '<iframe srcdoc="{0}">{0}</iframe>',
    "object": '<object data="data:text/html,{0}">{0}</object>',
    "svg": "<svg><text>{0}</text><script>{0}</script></svg>",
    "nav": "<nav>{}</nav>",
    "meta": '<meta http-equiv="refresh" content="0; url=http://127.0.0.1/{}">',
    "data-uri": '<img src="data:text/plain,{}"><a href="data:text/html,{}"></a>',
    "events": '<p onclick="{}"></p>',
    "attribute": '<p title="{0}" data-x="{0}"></p>',
    "hidden": "<div hidden><p>{}</p><br>{}</div>",
    "display": '<div style="color: red; DISPLAY : none"><div>{}</div><img>{}</div>',
    "visibility": '<span style="visibility:hidden">{}</span>',
    "input": '<input type="hidden" value="{}">',
    "link": '<link rel="stylesheet" href="file:///etc/passwd?{}">',
    "base": '<base href="{}">',
    "doctype": '<!DOCTYPE html SYSTEM "file:///etc/passwd" [<!ENTITY e "{}">]>',
}
REPEATED = {
    "divs": ("<div>", 100_000), "spans": ("<span>", 100_000), "tables": ("<table><tr><td>", 20_000),
    "lists": ("<ul><li>", 50_000), "quotes": ("<blockquote>", 50_000), "links": ("<a><b>", 50_000),
    "fonts": ("<font><p>", 20_000), "ends": ("</div>", 200_000), "opens": ("<b", 200_000),
    "angles": ("<", 500_000), "ampersands": ("&", 500_000), "entities": ("&lt;", 200_000),
    "attributes": ("<p a=b ", 50_000), "headings": ("<h1>", 50_000), "pres": ("<pre>`", 20_000),
    "comments": ("<!--", 200_000), "cdata": ("<![CDATA[", 100_000), "selects": ("<select><option>", 50_000),
    "forms": ("<form>", 50_000), "breaks": ("<br>", 200_000), "svgs": ("<svg><desc>", 30_000),
    "rows": ("<tr><td>x", 50_000), "titles": ("<title>", 50_000), "scripts": ("<script>", 50_000),
}  # fmt: skip


def cases() -> Iterator[Case]:
    for name, hidden in HIDDEN.items():
        shown = GOOD + hidden.format(LURE, LURE)
        yield Case(f"{name}.html", shown.encode(), 1, holds=TEXT)
    for name, (unit, count) in REPEATED.items():
        yield Case(f"many-{name}.html", (GOOD + unit * (count // 2)).encode(), EITHER)
    attributes = " ".join(f"a{number}=x" for number in range(100_000))
    yield Case("attributes.html", f"<p {attributes}>{TEXT}".encode(), EITHER)
    yield Case("attribute-long.html", f'<p title="{"x" * 20_000_000}">{TEXT}</p>'.encode(), EITHER)
    yield Case("tag-long.html", f"{GOOD}<{'x' * 1_000_000}>".encode(), EITHER)
    yield Case("word-long.html", f"<p>{'x' * 1_000_000}".encode(), 1)
    yield Case("cells.html", f"<table><tr>{'<td>x' * 20_000}</table>".encode(), EITHER)
    yield Case("text-long.html", lambda: b"<p>" + b"x " * 6_000_000)
    for encoding in ["utf-16", "utf-32"]:
        yield Case(f"{encoding}.html", GOOD.encode(encoding), 1, holds=TEXT)
        yield Case(f"{encoding}-unmarked.html", GOOD.encode(f"{encoding}-le"))
        yield Case(f"{encoding}-cut.html", GOOD.encode(encoding)[:-1])
    yield Case("utf-8-marked.html", codecs.BOM_UTF8 + GOOD.encode(), 1, holds=TEXT)
    declared = '<meta charset="{}">' + GOOD
    yield Case("latin-1.html", declared.format("iso-8859-1").encode("latin-1"), 1, holds=TEXT)
    yield Case("undeclared.html", GOOD.encode("latin-1"), 1, holds=TEXT)
    yield Case("declared-utf-16.html", declared.format("utf-16").encode(), 1, holds=TEXT)
    yield Case("declared-utf-8.html", declared.format("utf-8").encode("latin-1"), EITHER)
    yield Case("declared-unknown.html", declared.format("evil-9").encode("latin-1"), EITHER)
    yield Case(
        "declared-utf-7.html", b'<meta charset="utf-7">' + GOOD.encode() + b"+ADw-script+AD4-", 1, holds=TEXT
    )
    yield Case(
        "declared-twice.html", (declared.format("koi8-r") + declared.format("utf-8")).encode(), 1, holds=TEXT
    )
    yield Case("null.html", GOOD.encode() + b"\0" + GOOD.encode())
    yield Case("picture.html", JPEG)
    yield Case("picture-declared.html", b'<meta charset="koi8-r">' + JPEG)
    yield Case("references.html", f"{GOOD}&#0;&#xD800;&#x110000;&#99999999999999;".encode(), EITHER)
    yield Case("empty.html", b"", 1)
    yield Case("space.html", b" \n" * 1_000_000, 1)
    yield Case("fences.html", f"<pre>{'`' * 100_000}</pre>".encode(), 1)
    yield Case("frames.html", f"<frameset><frame src=x><noframes>{TEXT}".encode(), EITHER)
