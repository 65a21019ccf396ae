"""Texts that hold no secret and no personal data, but what looks like them."""

# ruff: noqa: E501  a template reads best in one line

import base64
import random
import uuid

from benchmarks.redaction.check_digits import ean, luhn
from benchmarks.redaction.values import HEX, LAST, Value, date, grouped, number, one_of, pick, token


def isbn(r: random.Random) -> str:
    body = r.choice(["978", "979"]) + number(r, 9)
    return r.choice([body + ean(body), grouped(body + ean(body), 3, 1, 2, 6, 1, by="-")])


def timestamp(r: random.Random) -> str:
    year, month, day = date(r, 2015, 2026)
    clock = f"{r.randint(0, 23):02d}:{r.randint(0, 59):02d}:{r.randint(0, 59):02d}"
    return r.choice(
        [
            f"{year}-{month:02d}-{day:02d}T{clock}.{number(r, 6)}+00:00",
            f"{year}{month:02d}{day:02d}-{clock[:5].replace(':', '')}",
            f"17{number(r, 8)}",
            f"17{number(r, 11)}",
            f"{day:02d}/{month:02d}/{year} {clock}",
        ]
    )


def order(r: random.Random) -> str:
    return r.choice(
        [
            f"{r.randint(100, 999)}-{number(r, 7)}-{number(r, 7)}",
            f"WR-{number(r, 5)}",
            number(r, 9),
            number(r, 10),
            number(r, 11),
            f"{number(r, 4)}-{number(r, 4)}",
            f"{pick(r, 'ABCDEFGH', 2)}{number(r, 6)}",
            f"{pick(r, 'ABCDEFGHP', 5)}-{number(r, 4)}",
            f"2026{r.randint(1, 12):02d}{r.randint(1, 28):02d}-{number(r, 4)}",
            number(r, 16),
            f"1Z{token(r, 16, '0123456789ABCDEFWXY')}",
        ]
    )


HARMLESS: dict[str, tuple[Value, list[str]]] = {
    "order number": (
        order,
        [
            "Order {} has not arrived.",
            "Your order number is {}.",
            "Bestellung {} wurde versandt.",
            "invoice no. {}",
            '{{"order_id": "{}", "items": 3}}',
            "Tracking number: {}",
            "Ticket #{} is closed.",
            "La commande {} est partie.",
            "Please quote reference {}.",
            "The parcel {} left the depot.",
            "SELECT * FROM orders WHERE id = '{}';",
        ],
    ),
    "uuid": (
        lambda r: str(uuid.UUID(int=r.getrandbits(128), version=4)),
        ["Request {} failed.", "run_id={}", '{{"id": "{}"}}', "GET /v1/items/{} 200", "{}"],
    ),
    "hash": (
        lambda r: pick(r, HEX, r.choice([7, 32, 40, 64])),
        [
            "commit {}",
            "sha256:{}",
            "Merge {} into main",
            "etag: {}",
            "md5 {}  setup.exe",
            "Fixed in {}.",
            "image: shop/app@sha256:{}",
        ],
    ),
    "isbn": (
        isbn,
        ["ISBN {}", "ISBN-13: {}", "The book ({}) is out of print.", '{{"isbn": "{}"}}', "EAN {}"],
    ),
    "version": (
        lambda r: (
            f"{r.randint(0, 30)}.{r.randint(0, 40)}.{r.randint(0, 99)}{r.choice(['', '-rc.1', f'.{number(r, 4)}', '+build.7'])}"
        ),
        [
            "Upgrade to version {}.",
            "warrant=={}",
            "v{} is out",
            "Chrome/{}",
            "image: postgres:{}",
            "pip install warrant@{}",
        ],
    ),
    "price": (
        lambda r: f"{r.randint(1, 9)},{number(r, 3)},{number(r, 3)}.{number(r, 2)}",
        ["It costs {} USD.", "Total: {}", "Die Summe ist {} EUR.", "| total | {} |", "revenue of {} in Q3"],
    ),
    "timestamp": (
        timestamp,
        [
            "at {}",
            "[{}] INFO started",
            '{{"created": "{}"}}',
            "The backup {} is complete.",
            "expires {}",
            "backup-{}.tar.gz",
            "ts={}",
        ],
    ),
    "phone-like id": (
        lambda r: r.choice(
            [
                f"{number(r, 3)}-{number(r, 4)}",
                f"{number(r, 2)}-{number(r, 3)}-{number(r, 4)}",
                grouped(number(r, 9), 3, 3, 3, by="-"),
                f"{number(r, 5)} {number(r, 5)}",
                f"{number(r, 3)}.{number(r, 3)}.{number(r, 4)}",
            ]
        ),
        [
            "Part {} is on stock.",
            "article {}",
            "Serial {}",
            "see page {}",
            "SKU {}",
            "Model {} replaces the old one.",
            "batch {}, line 4",
        ],
    ),
    "base64": (
        lambda r: base64.b64encode(
            f"The report of {r.choice(LAST)} for {number(r, 3)} is plain text.".encode()
        ).decode(),
        ["data: {}", "payload={}", '{{"content": "{}"}}', "Content-Transfer-Encoding: base64\n\n{}"],
    ),
    "imei or barcode": (
        lambda r: one_of(
            r, [lambda: (b := "35" + number(r, 12)) + luhn(b), lambda: (b := "40" + number(r, 10)) + ean(b)]
        ),
        ["IMEI {}", "barcode {}", '{{"ean": "{}"}}', "GTIN: {}", "The device (IMEI: {}) is locked."],
    ),
    "network": (
        lambda r: r.choice(
            [
                "127.0.0.1",
                "192.168.1." + str(r.randint(1, 254)),
                "10.0.0.0/8",
                "::1",
                "0.0.0.0:8080",
                f"{r.randint(1, 9)}.{r.randint(0, 20)}.{r.randint(0, 9)}.{r.randint(0, 99)}",
            ]
        ),
        [
            "Listening on {}",
            "ping {}",
            "route via {}",
            "Release {} is stable.",
            "bind = '{}'",
            "the server at {} answers",
        ],
    ),
    "code": (
        lambda r: r.choice(
            [
                "os.environ['API_KEY']",
                "settings.password",
                "${SECRET}",
                'getenv("TOKEN")',
                "<your-api-key>",
                "None",
                "self.token",
                "config.get('pwd')",
                "********",
                "changeme",
            ]
        ),
        [
            "password = {}",
            "api_key={}",
            "token: {}",
            "secret = {}",
            "client = Client(api_key={})",
            "passwd: {}",
        ],
    ),
    "mention": (
        lambda r: r.choice(
            [
                "git@github.com:org/repo.git",
                "icon@2x.png",
                "user@localhost",
                "@app.route",
                "lodash@4.17.21",
                "x@self.weight",
                "@types/node@20.11.5",
                "origin@{upstream}",
                "a @ b.T",
            ]
        ),
        ["Run git clone {} first.", "It uses {} here.", "see `{}`", "{}"],
    ),
    "date": (
        lambda r: "{}-{:02d}-{:02d}".format(*date(r, 2000, 2026)),
        [
            "The contract began on {}.",
            "due {}",
            "Since {} the office is closed.",
            "joined: {}",
            "Last updated {}",
            '{{"shipped": "{}"}}',
            "valid until {}",
        ],
    ),
    "measure": (
        lambda r: r.choice(
            [
                f"{number(r, 2)}.{number(r, 6)}, {number(r, 2)}.{number(r, 6)}",
                f"0.{number(r, 16)}",
                f"{number(r, 3)} {number(r, 3)} {number(r, 3)}",
                f"{number(r, 12)}",
                f"{number(r, 9)}",
            ]
        ),
        [
            "coordinates {}",
            "loss {}",
            "population of {}",
            "count={}",
            "{} bytes",
            "offset {} length 4096",
            "a distance of {} km",
        ],
    ),
    "prose": (
        lambda r: r.choice(
            [
                "Forgot your password? A password must have 8 to 64 characters.",
                "The bearer of this letter may enter.",
                "Your SSN is needed only for the tax form.",
                "We never ask for your PIN or card number.",
                "Born in Leeds, she moved to Paris in 1998.",
                "The phone rings 3 times in 10 seconds.",
                "Call the function twice.",
                "Password reset is valid for 24 hours.",
                "The API key expires in 90 days.",
                "Das Passwort ist 12-stellig.",
                "Die Steuer-ID hat 11 Ziffern.",
                "An IBAN has up to 34 characters.",
                "The main street has 120 shops.",
                "He lives in 12 Angry Men.",
                "token bucket with 1000 tokens per minute",
                "PAN is short for 4G area network.",
                "El DNI tiene 8 cifras y una letra.",
                "Sin 20 euros no hay entrada.",
                "Route 66, Chapter 11, Article 30",
            ]
        ),
        ["{}", "> {}", "Note: {}"],
    ),
}


def harmless(r: random.Random, kind: str, frames: list[str] | None = None) -> str:
    value, said = HARMLESS[kind]
    frame = r.choice(frames or said).replace("{{", "\0").replace("}}", "\1")
    return frame.replace("{}", value(r)).replace("\0", "{").replace("\1", "}")
