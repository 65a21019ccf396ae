import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.redaction import Redactor, redact
from models.sensitive import find

KEY = "sk-" + "abcdefghij0123456789" * 2
PARTS = [
    KEY,
    "jane@mail.example",
    "+49 30 23125 042",
    "4111 1111 1111 1111",
    "4111111111111111",
    "DE89370400440532013000",
    "password=hunter2x",
    "postgres://a:" + "b1c2d3" + "@host",
    "-----BEGIN " + "PRIVATE KEY-----",
    "ghp_" + "a1" * 18,
    "[email]",
    "-",
    " ",
    ".",
    "a",
    "1",
    "\n",
    '"',
]


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Write to jane@mail.example, please.", "Write to [email], please."),
        (f"OPENAI_API_KEY={KEY} make run", "OPENAI_API_KEY=[api_key] make run"),
        (f"{KEY}\nand jane@mail.example", "[api_key]\nand [email]"),
        ("postgres://me:" + "s3cr3t" + "@db/x", "postgres://me:[url_password]@db/x"),
        ("postgres://me:" + "s3cr3t" + "@db.example/x", "postgres://me:[url_password]/x"),
        ("Order WR-1042, 4.90 EUR", "Order WR-1042, 4.90 EUR"),
        ("", ""),
    ],
)
def test_a_sensitive_part_is_replaced_by_its_kind(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@given(st.lists(st.sampled_from(PARTS), max_size=8).map("".join) | st.text())
def test_redacting_twice_changes_nothing_and_leaves_nothing(text: str) -> None:
    once = redact(text)
    assert redact(once) == once
    assert find(once) == []


def test_a_field_says_what_its_value_is() -> None:
    value = {
        "bsn": "111222333",
        "rows": [{"ssn": 536904399}],
        "phones": ["0171 2345678"],
        "order": "111222333",
    }
    assert Redactor()(value) == {
        "bsn": "[nl_bsn]",
        "rows": [{"ssn": "[us_ssn]"}],
        "phones": ["[phone]"],
        "order": "111222333",
    }
    assert Redactor()({"cards": [4111111111111111, 12345678], "ok": True}) == {
        "cards": ["[card_number]", 12345678],
        "ok": True,
    }


def test_a_record_is_redacted_with_its_names_and_counted() -> None:
    redactor = Redactor()
    record = {"a@mail.example": 1, "b@mail.example": ["a@mail.example"], "password": "x", "n": None}
    assert redactor(record) == {"[email]": 1, "[email] 2": ["[email]"], "password": "[secret]", "n": None}
    assert redactor.replaced >= 4
    again = Redactor()
    assert again(redactor(record)) == redactor(record)
    assert again.replaced == 0
