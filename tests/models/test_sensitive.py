import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.sensitive import find

DOCUMENTS = Path("demo/documents")
ALPHANUMERIC = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6" * 3

# Put together here, so that no scanner takes this file for a leak.
SECRETS = {
    "api_key": [
        "sk-" + ALPHANUMERIC[:40],
        "sk-ant-" + "api03-" + ALPHANUMERIC[:60],
        "sk-proj-" + ALPHANUMERIC[:30],
    ],
    "aws_key": ["AKIA" + "IOSFODNN7EXAMPLE", 'aws_secret_access_key = "' + ALPHANUMERIC[:40] + '"'],
    "azure_key": ["AccountKey=" + ALPHANUMERIC[:86] + "=="],
    "bearer_token": ["Bearer " + ALPHANUMERIC[:30], "Authorization: Basic " + "dXNlcjpwYXNzd29yZDEyMw=="],
    "discord_token": ["M" + ALPHANUMERIC[:23] + "." + ALPHANUMERIC[:6] + "." + ALPHANUMERIC[:27]],
    "github_token": ["ghp_" + ALPHANUMERIC[:36], "github_pat_" + ALPHANUMERIC[:22] + "_" + ALPHANUMERIC[:59]],
    "gitlab_token": ["glpat-" + ALPHANUMERIC[:20]],
    "google_key": ["AIza" + ALPHANUMERIC[:35]],
    "huggingface_token": ["hf_" + ALPHANUMERIC[:34]],
    "jwt": ["eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + ALPHANUMERIC[:43]],
    "langsmith_key": ["lsv2_pt_" + "0123456789abcdef" * 2 + "_" + "0123456789"],
    "mailchimp_key": ["0123456789abcdef" * 2 + "-us12"],
    "npm_token": ["npm_" + ALPHANUMERIC[:36]],
    "credential": [
        "password=" + "hunter2",
        'PASSWORD: "' + "correct-horse-9" + '"',
        '{"api_key": "' + ALPHANUMERIC[:32] + '"}',
        '{\\"client_secret\\": \\"' + ALPHANUMERIC[:32] + '\\"}',
    ],
    "private_key": [
        "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN " + "PRIVATE KEY-----\\nMIIEow\\nIBAAKC",
        "-----BEGIN PGP "
        + "PRIVATE KEY BLOCK-----\nVersion: 2\n\nlQOY\n=ab12\n-----END PGP PRIVATE KEY BLOCK-----",
    ],
    "pypi_token": ["pypi-" + "AgEIcHlwaS5vcmc" + ALPHANUMERIC[:80]],
    "sendgrid_key": ["SG." + ALPHANUMERIC[:22] + "." + ALPHANUMERIC[:43]],
    "slack_token": ["xoxb-" + "123456789012-123456789012-" + "abcdefghij"],
    "square_secret": ["sq0csp-" + ALPHANUMERIC[:43]],
    "stripe_key": ["sk_live_" + ALPHANUMERIC[:24], "sk_live_" + ALPHANUMERIC[:99]],
    "telegram_token": ["123456789:AA" + ALPHANUMERIC[:33]],
    "twilio_key": ["SK" + "0123456789abcdef" * 2],
    "url_password": ["postgresql://warrant:" + "s3cr3tpass" + "@db.example/warrant"],
}

PERSONAL = {
    "email": ["jane.doe+tea@mail.example.co.uk", "müller@büro.example", "x@y.zz"],
    "phone": ["+49 30 23125 042", "+1 (415) 555-2671", "+33 1 42 68 53 00", "(415) 555-2671", "415-555-2671"],
    "iban": ["DE89 3704 0044 0532 0130 00", "DE89370400440532013000", "GB82 WEST 1234 5698 7654 32"],
    "card_number": ["4111 1111 1111 1111", "5500005555555559", "3782-822463-10005"],
    "us_ssn": ["536-90-4399"],
    "es_dni": ["54362315K"],
    "es_nie": ["X-2482300W"],
    "it_codice_fiscale": ["RCCMNL83S18D969H"],
    "fr_nir": ["2 95 10 99 126 111 93"],
}

HARMLESS = [
    "Order WR-1042 of 2026-11-20, 649.00 EUR, version 1.2.3-rc.4, 17% of 340.",
    "Between 9:00 and 19:00, 2026-11-20T14:38:05.123456+00:00, epoch 1763649485123 or 1763649485123456789.",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "d41d8cd98f00b204e9800998ecf8427e da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "1763649485:da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "123e4567-e89b-12d3-a456-426614174000 and 192.168.0.1 and 0.4111111111111111 and 1,234,567.89",
    "git clone git@github.com:org/repo.git; pip install warrant@1.2.3; @decorator; user@localhost",
    "Forgot your password? Password: must have eight letters. Secret: none. The API key: see settings.",
    "password = os.environ['PASSWORD']; api_key=settings.api_key; secret: ${SECRET}; password=[password]",
    "sk-learn-compatible-estimators-are-fine, task-1234567890123456789012345",
    "A bearer of news; bearer instruments; basic troubleshooting. http://localhost:8080/a@b",
    "1234 5678 9012 3456, 12345678A, DE00 1234 5678 9012 3456 78, 000-12-3456, 555-1234, +1 234",
    "+++ 10 + 20 = 30 +++ C++17 +5 % 1-800 ISBN 978-3-16-148410-0 EAN 4006381333931",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4",
]


def kinds(text: str) -> set[str]:
    return {match.kind for match in find(text)}


@pytest.mark.parametrize(
    ("kind", "text"),
    [(kind, text) for found in (SECRETS, PERSONAL) for kind, texts in found.items() for text in texts],
)
@pytest.mark.parametrize("frame", ["{}", "Hello,\nit is {} – right?\n", "„{}“", '"{}"', "({})", "é {}."])
def test_what_was_planted_is_found_where_it_stands(kind: str, text: str, frame: str) -> None:
    framed = frame.format(text)
    (match,) = find(framed)
    assert match.kind == kind
    assert match.category == ("secret" if kind in SECRETS else "personal_data")
    left = framed[: match.start] + framed[match.end :]
    assert ALPHANUMERIC[:20] not in left
    assert "s3cr3tpass" not in left


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_alike_is_not_found(text: str) -> None:
    assert find(text) == []


def test_the_demo_documents_hold_only_what_was_planted() -> None:
    found = {
        path.name: kinds(path.read_text())
        for path in DOCUMENTS.iterdir()
        if path.suffix not in (".pdf", ".docx")
    }
    assert {name: each for name, each in found.items() if each} == {
        "faq.html": {"postal_address"},
        "staff-handbook.md": {"phone", "email"},
    }


@given(st.text() | st.text(alphabet="sk-eyJ.@a1:/=+ 4WR\n", max_size=200))
def test_matches_are_in_order_within_the_text_and_apart(text: str) -> None:
    last = 0
    for match in find(text):
        assert last <= match.start < match.end <= len(text)
        last = match.end


LABELLED = [
    ("gb_nhs", "NHS number: {}", "943 476 5919"),
    ("gb_nino", "my NI number is {}", "AB123456C"),
    ("de_steuer_id", "Steuer-ID {}", "36574261809"),
    ("pl_pesel", "PESEL: {}", "44051401359"),
    ("nl_bsn", "{} is my BSN", "111222333"),
    ("ca_sin", "SIN {}", "123 456 782"),
    ("br_cpf", "CPF {}", "39053344705"),
    ("in_aadhaar", "Aadhaar card no {}", "2341 2341 2346"),
    ("in_pan", "PAN: {}", "AAPFU0939F"),
    ("au_tfn", "tax file number {}", "123 456 782"),
    ("au_abn", "ABN {}", "83 914 571 673"),
    ("se_personnummer", "personnummer {}", "880320-0016"),
    ("dk_cpr", "CPR-nr. {}", "211062-5629"),
    ("passport", "passport no. {}", "C01X00T47"),
    ("ip_address", "logged in from {}", "91.12.33.7"),
    ("birth_date", "geboren am {}", "12. März 1985"),
    ("phone", "Telefon: {}", "0171 2345678"),
    ("credential", "the password is {}", "Tr0ub4dor"),
]


@pytest.mark.parametrize(("kind", "said", "value"), LABELLED)
def test_a_number_counts_under_its_label_and_not_without(kind: str, said: str, value: str) -> None:
    text = said.format(value)
    (match,) = find(text)
    assert (match.kind, text[match.start : match.end]) == (kind, value)
    assert find(value) == []
    assert find(f"order {value}") == []


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ("id,bsn,total\n1,-,5\n2,111222333,7\n", "nl_bsn"),
        ("| who | PESEL | n |\n|---|---|---|\n| A | 44051401359 | 3 |", "pl_pesel"),
        ("id;dob;n\n7;1985-03-12;2", "birth_date"),
        ("id\tpassword\n7\thunter22", "credential"),
        ('{\\"text\\": \\"id,bsn,total\\\\n2,111222333,7\\"}', "nl_bsn"),
    ],
)
def test_the_head_of_a_column_is_a_label_also_in_json_within_json(table: str, kind: str) -> None:
    assert kinds(table) == {kind}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("postal_address", "12 Maple Street, Springfield, IL 62704"),
        ("postal_address", "Flat 3, 7 Mill Lane, London SW1A 2AA"),
        ("postal_address", "Hauptstraße 12a, 10115 Berlin"),
        ("postal_address", "12 rue de la Paix, 75002 Paris"),
        ("postal_address", "Via Garibaldi 3, 20121 Milano"),
        ("postal_address", "Kerkstraat 12, 1017 GA Amsterdam"),
        (
            "passport",
            "P<UTOERIKSSON<<ANNA<MARIA" + "<" * 19 + "\nL898902C36UTO7408122F1204159ZE184226B<<<<<10",
        ),
        ("ch_ahv", "756.9217.0769.85"),
        ("br_cnpj", "11.222.333/0001-81"),
        ("us_itin", "912-90-3456"),
        ("fi_hetu", "131052-308T"),
    ],
)
def test_a_form_of_its_own_needs_no_label(kind: str, text: str) -> None:
    (match,) = find(text)
    assert (match.kind, match.start, match.end) == (kind, 0, len(text))


PIECES = [
    *("bsn ", "|bsn|\n", "12 a, ", "-----END ", "born 1.1.1990", "\\\\n", "12 A St", "<", "token:", "call 1"),
    *("a", "1", "+1", "eyJ", "eyJ.", "eyJa.eyJ", "sk-", "sk-a", "xoxb-1-", "glagent-", "://a:", "a@", "a@b."),
    *("password", "password:", "password=", "awskey", "bearer", "DE12", "4111", "415-555-", "BEGIN"),
]


@pytest.mark.parametrize("separator", ["", " "])
@pytest.mark.parametrize("piece", PIECES)
def test_the_time_is_linear_in_the_text(piece: str, separator: str) -> None:
    piece = piece.replace("BEGIN", "-----BEGIN " + "PRIVATE KEY-----!") + separator
    find(piece)
    short, long = (_seconds(piece * (size // len(piece))) for size in (25_000, 100_000))
    assert long < 4 * 3 * short + 0.05


def _seconds(text: str) -> float:
    started = time.process_time()
    find(text)
    return time.process_time() - started


def test_a_megabyte_of_prose_takes_seconds_at_most() -> None:
    prose = (DOCUMENTS / "returns.md").read_text()
    assert _seconds(prose * (1_000_000 // len(prose))) < 3


def test_detectors_are_loaded_by_making_the_rules_not_by_importing_them() -> None:
    loaded = "print(sorted({'detect_secrets', 'phonenumbers', 'stdnum.iban'} & set(sys.modules)))"
    code = f"import sys, models.gate.rules, models.redaction; {loaded}; models.gate.rules.Rules(); {loaded}"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == ["[]", "['detect_secrets', 'phonenumbers', 'stdnum.iban']"]
