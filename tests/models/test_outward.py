"""Outward text: what leads somewhere is found however it is written, and ordinary words are left alone."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.outward import destinations

LINKS = [
    ("see https://evil.example/a?b=1", "evil.example/a?b=1"),
    ("HTTP://EVIL.EXAMPLE", "evil.example"),
    ("visit evil.com.", "evil.com"),
    ("visit Evil.com", "evil.com"),
    ("visit evil.Com", "evil.com"),
    ("EVIL.COM", "evil.com"),
    ("EVIL.CO.UK", "evil.co.uk"),
    ("Evil.ru", "evil.ru"),
    ("www.Evil.Org", "www.evil.org"),
    ("evil[.]com", "evil.com"),
    ("evil (dot) com", "evil.com"),
    ("evil{.}com", "evil.com"),
    ("evil dot com", "evil.com"),
    ("evil。com", "evil.com"),
    ("evil．com", "evil.com"),
    ("e\u200bvil.com", "evil.com"),
    ("e\u00advil.com", "evil.com"),
    ("e\ufe0fvil.com", "evil.com"),
    ("e\u034fvil.com", "evil.com"),
    ("e\U000e0041vil.com", "evil.com"),
    ("evil.com:8080/x", "evil.com:8080/x"),
    ("//evil.com/x", "evil.com/x"),
    ("hxxps://evil.com/x", "evil.com/x"),
    ("[click](http://x.io)", "x.io"),
    ("bit.ly/3xyz", "bit.ly/3xyz"),
    ("xn--evl-6ma.com", "xn--evl-6ma.com"),
    ("ftp://x.y/z", "x.y/z"),
    ("http://1.2.3.4", "1.2.3.4"),
    ("1.2.3.4/login", "1.2.3.4/login"),
    ("10.0.0.1:8080", "10.0.0.1:8080"),
    ("write to a@b.com", "a@b.com"),
    ("mailto:joe@x.org", "joe@x.org"),
    ("pay GB29 NWBK 6016 1331 9268 19", "gb29nwbk60161331926819"),
    ("pay GB29NWBK60161331926819", "gb29nwbk60161331926819"),
    ("card 4111 1111 1111 1111", "4111111111111111"),
    ("card 4111-1111-1111-1111", "4111111111111111"),
    ("account 12345678", "12345678"),
    ("key AKIAIOSFODNN7EXAMPLE", "akiaiosfodnn7example"),
    ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"),
]
ORDINARY = [
    "report.pdf and a.tar.gz, README.md, Notes.docx",
    "2026-05-15, 15.05.2026, 05/15/2026, 2026-05-15 10:30, 2026-05-15T10:30:00Z",
    "version 1.2.3, v2.10.4-beta, 1.2.3.4",
    "12.50 EUR, 1,234,567.89, 1.000.000,00, 3.14159265358979, 100%",
    "e.g. this, i.e. that, etc. and so on...",
    "Ph.D. and U.S.A., a.m., p.m., Mr. Smith, No. 5, approx. 3.5kg",
    "10:30-11:45, Room 3.12, Figure 2.b, order 1234567",
    "The end of a sentence.Next one begins.",
    "Node.js",
    "A dot is a point. The dot completes it; connect dot to dot.",
]


@pytest.mark.parametrize(("text", "found"), LINKS)
def test_what_leads_somewhere_is_found(text: str, found: str) -> None:
    assert found in destinations(text)
    assert found in destinations(f"Dear all,\n\n{text}\nRegards")


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert destinations(text) == frozenset()


@pytest.mark.parametrize("name", ["evil.com", "Evil.com", "https://EVIL.com/", "evil.com."])
def test_what_the_user_named_is_the_same_however_it_is_written(name: str) -> None:
    assert destinations(name) == destinations("evil.com")


@given(st.text(), st.sampled_from(LINKS))
def test_words_before_it_hide_nothing(before: str, link: tuple[str, str]) -> None:
    assert link[1] in destinations(f"{before}\n{link[0]}")


@pytest.mark.parametrize(
    "part",
    [
        "a.",
        "1 ",
        "x://",
        "[",
        "a-",
        "a@",
        " ( .",
        "w",
        "1-A",
        "aa.bb/",
        " ",
        " [ dot",
        ".",
        "A1 ",
        "a dot ",
        "1.2.3.4",
        "1.2.3.4/",
    ],
)
def test_the_time_is_linear_in_the_text(part: str) -> None:
    text = part * (200_000 // len(part))
    started = time.perf_counter()
    destinations(text)
    assert time.perf_counter() - started < 4
