"""Values of each kind, made at random from the official formats, with valid check digits where there are any."""

# ruff: noqa: E501  a template reads best in one line

import random
import string
from collections.abc import Callable, Sequence
from typing import TypeAlias

from benchmarks.redaction.check_digits import ean, iban, icao, iso_7064_11_10, luhn, verhoeff, weighted

Value: TypeAlias = Callable[[random.Random], str]

FIRST = [
    "Anna",
    "Bela",
    "Carlos",
    "Dilek",
    "Emre",
    "Fatima",
    "Goran",
    "Hana",
    "Ivan",
    "Joao",
    "Kofi",
    "Lena",
    "Mira",
    "Noor",
    "Olga",
    "Piet",
    "Rosa",
    "Sven",
    "Tove",
    "Uma",
]
LAST = [
    "Abel",
    "Berg",
    "Costa",
    "Duarte",
    "Eriksen",
    "Fischer",
    "Garcia",
    "Haas",
    "Ivanov",
    "Jansen",
    "Kowalski",
    "Lopez",
    "Moreau",
    "Nilsson",
    "Okafor",
    "Rossi",
]
ALNUM, HEX, LOWER = string.ascii_letters + string.digits, "0123456789abcdef", string.ascii_lowercase


def one_of(r: random.Random, makers: Sequence[Callable[[], str]]) -> str:
    return r.choice(makers)()


def pick(r: random.Random, alphabet: str, count: int) -> str:
    return "".join(r.choice(alphabet) for _ in range(count))


def number(r: random.Random, count: int) -> str:
    return pick(r, string.digits, count)


def token(r: random.Random, count: int, alphabet: str = ALNUM) -> str:
    """Random, with a digit in it as tokens of this length have."""
    text = pick(r, alphabet, count)
    return text if any(map(str.isdigit, text)) else token(r, count, alphabet)


def grouped(digits: str, *sizes: int, by: str = " ") -> str:
    parts, at = [], 0
    for size in sizes:
        parts.append(digits[at : at + size])
        at += size
    return by.join(parts)


def date(r: random.Random, first: int = 1935, last: int = 2006) -> tuple[int, int, int]:
    return r.randint(first, last), r.randint(1, 12), r.randint(1, 28)


def first_that(make: Callable[[], str | None]) -> str:
    while (made := make()) is None:
        pass
    return made


def email(r: random.Random) -> str:
    name, family = r.choice(FIRST).lower(), r.choice(LAST).lower()
    local = r.choice(
        [f"{name}.{family}", f"{name[0]}{family}", f"{name}_{family}{r.randint(1, 99)}", f"{name}+{family}"]
    )
    host = r.choice(["mail", "post", "corp", "office", "students.uni", "web"])
    return f"{local}@{host}-{pick(r, LOWER, 4)}.{r.choice(['com', 'org', 'de', 'co.uk', 'fr', 'io', 'com.br', 'example'])}"


def phone(r: random.Random) -> str:
    """In international format (ITU-T E.123)."""
    return one_of(
        r,
        [
            lambda: f"+1 {r.choice(['212', '415', '303', '617'])} {r.randint(200, 899)} {number(r, 4)}",
            lambda: f"+1-{r.choice(['212', '415', '303'])}-{r.randint(200, 899)}-{number(r, 4)}",
            lambda: f"+44 20 7{number(r, 3)} {number(r, 4)}",
            lambda: f"+44 7{r.choice(['400', '712', '970'])} {number(r, 6)}",
            lambda: f"+49 30 {r.randint(2, 8)}{number(r, 3)} {number(r, 4)}",
            lambda: f"+49 (0)171 {r.randint(2, 8)}{number(r, 6)}",
            lambda: f"+33 6 1{number(r, 1)} {number(r, 2)} {number(r, 2)} {number(r, 2)}",
            lambda: f"+34 612 {number(r, 3)} {number(r, 3)}",
            lambda: f"+39 347 {number(r, 7)}",
            lambda: f"+31 6 1{number(r, 7)}",
            lambda: f"+91 98{number(r, 3)} {number(r, 5)}",
            lambda: f"+55 11 98{number(r, 3)}-{number(r, 4)}",
            lambda: f"+61 412 {number(r, 3)} {number(r, 3)}",
            lambda: f"+4179{r.randint(2, 9)}{number(r, 6)}",
            lambda: f"0049 30 {r.randint(2, 8)}{number(r, 3)} {number(r, 4)}",
        ],
    )


def national_phone(r: random.Random) -> str:
    return one_of(
        r,
        [
            lambda: f"({r.choice(['212', '415', '303'])}) {r.randint(200, 899)}-{number(r, 4)}",
            lambda: f"{r.choice(['212', '415', '303'])}-{r.randint(200, 899)}-{number(r, 4)}",
            lambda: f"{r.choice(['212', '415', '303'])}{r.randint(200, 899)}{number(r, 4)}",
            lambda: f"07{r.choice(['400', '712', '970'])} {number(r, 6)}",
            lambda: f"020 7{number(r, 3)} {number(r, 4)}",
            lambda: f"030/{r.randint(2, 8)}{number(r, 7)}",
            lambda: f"0171 {r.randint(2, 8)}{number(r, 6)}",
            lambda: f"06 1{number(r, 1)} {number(r, 2)} {number(r, 2)} {number(r, 2)}",
            lambda: f"612 {number(r, 3)} {number(r, 3)}",
            lambda: f"347 {number(r, 7)}",
            lambda: f"06-1{number(r, 7)}",
            lambda: f"98{number(r, 3)} {number(r, 5)}",
            lambda: f"(11) 98{number(r, 3)}-{number(r, 4)}",
            lambda: f"0412 {number(r, 3)} {number(r, 3)}",
            lambda: f"070-{r.randint(200, 799)} {number(r, 2)} {number(r, 2)}",
        ],
    )


def iban_value(r: random.Random) -> str:
    country, size, letters = r.choice(
        [
            ("DE", 18, 0),
            ("GB", 14, 4),
            ("FR", 23, 0),
            ("ES", 20, 0),
            ("NL", 10, 4),
            ("AT", 16, 0),
            ("CH", 17, 0),
            ("PL", 24, 0),
            ("SE", 20, 0),
            ("BE", 12, 0),
        ]
    )

    def made() -> str | None:
        account = pick(r, string.ascii_uppercase, letters) + number(r, size)
        whole = country + iban(country, account) + account
        from stdnum.iban import is_valid

        return whole if is_valid(whole) else None  # some countries have check digits inside as well

    whole = first_that(made)
    return whole if r.random() < 0.4 else " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))


def card_number(r: random.Random) -> str:
    prefix, size = r.choice(
        [("4", 16), ("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("37", 15), ("6011", 16), ("3530", 16)]
    )
    body = prefix + number(r, size - len(prefix) - 1)
    whole = body + luhn(body)
    by = r.choice([" ", "-", "", " "])
    return whole if not by else grouped(whole, *((4, 6, 5) if size == 15 else (4, 4, 4, 4)), by=by)


def us_ssn(r: random.Random) -> str:
    area = r.choice([value for value in (r.randint(1, 899), 123, 536) if value != 666])
    return grouped(
        f"{area:03d}{r.randint(1, 99):02d}{r.randint(1, 9999):04d}", 3, 2, 4, by=r.choice(["-", "-", " ", ""])
    )


def us_itin(r: random.Random) -> str:
    middle = r.choice([*range(50, 66), *range(70, 89), 90, 91, 92, 94, 95, 96, 97, 98, 99])
    return grouped(f"9{number(r, 2)}{middle}{number(r, 4)}", 3, 2, 4, by=r.choice(["-", "-", ""]))


def gb_nino(r: random.Random) -> str:
    prefix = first_that(
        lambda: (
            p
            if (p := pick(r, "ABCEGHJKLMNPRSTWXYZ", 1) + pick(r, "ABCEGHJKLMNPRSTWXYZ", 1))
            not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}
            else None
        )
    )
    digits, suffix = number(r, 6), r.choice("ABCD")
    return r.choice(
        [
            f"{prefix} {grouped(digits, 2, 2, 2)} {suffix}",
            f"{prefix}{digits}{suffix}",
            f"{prefix}{digits} {suffix}",
        ]
    )


def gb_nhs(r: random.Random) -> str:
    def made() -> str | None:
        body = r.choice("4679") + number(r, 8)
        check = 11 - weighted(body, range(10, 1, -1)) % 11
        return None if check == 10 else body + str(check % 11)

    return grouped(first_that(made), 3, 3, 4, by=r.choice([" ", " ", "", "-"]))


DNI = "TRWAGMYFPDXBNJZSQVHLCKE"


def es_dni(r: random.Random) -> str:
    body = number(r, 8)
    return body + r.choice(["", "", "-", " "]) + DNI[int(body) % 23]


def es_nie(r: random.Random) -> str:
    first, body = r.randint(0, 2), number(r, 7)
    by = r.choice(["", "-"])
    return f"{'XYZ'[first]}{by}{body}{by}{DNI[int(f'{first}{body}') % 23]}"


def fr_nir(r: random.Random) -> str:
    body = f"{r.choice('12')}{r.randint(40, 99)}{r.randint(1, 12):02d}{r.randint(1, 95):02d}{r.randint(1, 900):03d}{r.randint(1, 999):03d}"
    body = body if body[5:7] != "20" else f"{body[:5]}21{body[7:]}"
    whole = f"{body}{97 - int(body) % 97:02d}"
    return whole if r.random() < 0.4 else grouped(whole, 1, 2, 2, 2, 3, 3, 2)


ODD = dict(
    zip(
        string.digits + string.ascii_uppercase,
        (
            1,
            0,
            5,
            7,
            9,
            13,
            15,
            17,
            19,
            21,
            1,
            0,
            5,
            7,
            9,
            13,
            15,
            17,
            19,
            21,
            2,
            4,
            18,
            20,
            11,
            3,
            6,
            8,
            12,
            14,
            16,
            10,
            22,
            25,
            24,
            23,
        ),
        strict=True,
    )
)


def it_codice_fiscale(r: random.Random) -> str:
    consonants = "BCDFGLMNPRSTVZ"
    year, _, day = date(r)
    day += r.choice([0, 40])
    body = f"{pick(r, consonants, 6)}{year % 100:02d}{r.choice('ABCDEHLMPRST')}{day:02d}{r.choice('AFGHL')}{r.randint(100, 899)}"
    even = {
        char: at % 10 if char.isdigit() else at - 10
        for at, char in enumerate(string.digits + string.ascii_uppercase)
    }
    total = sum(ODD[char] if at % 2 == 0 else even[char] for at, char in enumerate(body))
    return body + string.ascii_uppercase[total % 26]


def de_steuer_id(r: random.Random) -> str:
    """Of the first ten digits one occurs twice, and one not at all."""
    digits = r.sample(string.digits, 9)
    digits.insert(r.randint(1, 9), r.choice(digits))
    body = "".join(digits)
    if body[0] == "0" or any(body[at] == body[at + 1] == body[at + 2] for at in range(8)):
        return de_steuer_id(r)
    whole = body + iso_7064_11_10(body)
    return whole if r.random() < 0.6 else grouped(whole, 2, 3, 3, 3)


def pl_pesel(r: random.Random) -> str:
    year, month, day = date(r)
    body = f"{year % 100:02d}{month + (20 if year >= 2000 else 0):02d}{day:02d}{number(r, 4)}"
    return body + str(-weighted(body, (1, 3, 7, 9)) % 10)


def nl_bsn(r: random.Random) -> str:
    def made() -> str | None:
        body = str(r.randint(1, 9)) + number(r, 7)
        check = weighted(body, range(9, 1, -1)) % 11
        return None if check == 10 else body + str(check)

    whole = first_that(made)
    return r.choice([whole, whole, grouped(whole, 3, 3, 3), grouped(whole, 4, 2, 3, by=".")])


def ca_sin(r: random.Random) -> str:
    body = r.choice("1245679") + number(r, 7)
    return grouped(body + luhn(body), 3, 3, 3, by=r.choice([" ", "-", "", " "]))


def br_cpf(r: random.Random) -> str:
    body = number(r, 9)
    for size in (10, 11):
        body += str(-weighted(body, range(size, 1, -1)) * -10 % 11 % 10)
    return body if r.random() < 0.4 else f"{body[:3]}.{body[3:6]}.{body[6:9]}-{body[9:]}"


def br_cnpj(r: random.Random) -> str:
    body = number(r, 8) + "0001"
    for weights in ((5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2), (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)):
        rest = weighted(body, weights) % 11
        body += "0" if rest < 2 else str(11 - rest)
    return body if r.random() < 0.3 else f"{body[:2]}.{body[2:5]}.{body[5:8]}/{body[8:12]}-{body[12:]}"


def in_aadhaar(r: random.Random) -> str:
    body = r.choice("23456789") + number(r, 10)
    return grouped(body + verhoeff(body), 4, 4, 4, by=r.choice([" ", " ", "", "-"]))


def in_pan(r: random.Random) -> str:
    return f"{pick(r, string.ascii_uppercase, 3)}P{r.choice(string.ascii_uppercase)}{r.randint(1, 9999):04d}{r.choice(string.ascii_uppercase)}"


def au_tfn(r: random.Random) -> str:
    def made() -> str | None:
        body = r.choice("123456789") + number(r, 8)
        return body if weighted(body, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0 else None

    return grouped(first_that(made), 3, 3, 3, by=r.choice([" ", " ", ""]))


def au_abn(r: random.Random) -> str:
    def made() -> str | None:
        body = r.choice("123456789") + number(r, 10)
        lessened = str(int(body[0]) - 1) + body[1:]
        is_valid = weighted(lessened, (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)) % 89 == 0
        return body if is_valid and body[:2] != "10" else None  # check digits are given out from 11 on

    return grouped(first_that(made), 2, 3, 3, 3, by=r.choice([" ", " ", ""]))


def se_personnummer(r: random.Random) -> str:
    year, month, day = date(r)
    body = f"{year % 100:02d}{month:02d}{day:02d}{number(r, 3)}"
    century = r.choice([str(year // 100), ""])
    return f"{century}{body[:6]}{r.choice(['-', '-', ''])}{body[6:]}{luhn(body)}"


def dk_cpr(r: random.Random) -> str:
    def made() -> str | None:
        year, month, day = date(r, 1937, 1999)
        body = f"{day:02d}{month:02d}{year % 100:02d}{r.randint(0, 3)}{number(r, 2)}"
        check = -weighted(body, (4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
        return None if check == 10 else body + str(check)

    return grouped(first_that(made), 6, 4, by=r.choice(["-", "-", ""]))


def ch_ahv(r: random.Random) -> str:
    body = "756" + number(r, 9)
    return grouped(body + ean(body), 3, 4, 4, 2, by=r.choice([".", ".", ""]))


def fi_hetu(r: random.Random) -> str:
    year, month, day = date(r)
    body = f"{day:02d}{month:02d}{year % 100:02d}"
    serial = f"{r.randint(2, 899):03d}"
    check = "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(body + serial) % 31]
    return f"{body}{'A' if year >= 2000 else '-'}{serial}{check}"


def passport_mrz(r: random.Random) -> str:
    """ICAO 9303, part 4: two lines of 44 characters."""
    country = r.choice(["UTO", "D<<", "GBR", "FRA", "USA", "NLD"])
    names = f"P<{country}{r.choice(LAST).upper()}<<{r.choice(FIRST).upper()}"
    digits = pick(r, "CFGHJKLMNPRTVWXYZ0123456789", 9)
    year, month, day = date(r)
    born, expires = f"{year % 100:02d}{month:02d}{day:02d}", f"{r.randint(27, 36)}{month:02d}{day:02d}"
    personal = "<" * 14
    checked = digits + icao(digits) + born + icao(born) + expires + icao(expires) + personal + "0"
    second = f"{digits}{icao(digits)}{country}{born}{icao(born)}{r.choice('MF<')}{expires}{icao(expires)}{personal}0{icao(checked)}"
    return f"{names.ljust(44, '<')}\n{second}"


def passport_number(r: random.Random) -> str:
    return one_of(
        r,
        [
            lambda: f"C{pick(r, 'FGHJKLMNPRTVWXYZ', 1)}{number(r, 7)}",
            lambda: number(r, 9),
            lambda: f"{pick(r, 'ABEHX', 2)}{number(r, 7)}",
            lambda: f"{number(r, 2)}{pick(r, 'ABCDEF', 2)}{number(r, 5)}",
        ],
    )


def ip_address(r: random.Random) -> str:
    if r.random() < 0.25:
        return "2a02:" + ":".join(f"{r.randint(1, 65535):x}" for _ in range(7))
    return f"{r.choice([5, 31, 46, 62, 77, 81, 91, 93, 109, 151, 176, 188, 213])}.{r.randint(1, 254)}.{r.randint(0, 254)}.{r.randint(1, 254)}"


MONTHS = {
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    "de": [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    "fr": [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    "es": [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
}


def birth_date(r: random.Random) -> str:
    year, month, day = date(r)
    return r.choice(
        [
            f"{year}-{month:02d}-{day:02d}",
            f"{day:02d}/{month:02d}/{year}",
            f"{day:02d}.{month:02d}.{year}",
            f"{month}/{day}/{year}",
            f"{day} {MONTHS['en'][month - 1]} {year}",
            f"{MONTHS['en'][month - 1]} {day}, {year}",
            f"{day}. {MONTHS['de'][month - 1]} {year}",
            f"{day} {MONTHS['fr'][month - 1]} {year}",
            f"{day} de {MONTHS['es'][month - 1]} de {year}",
        ]
    )


def postal_address(r: random.Random) -> str:
    n, last = r.randint(1, 250), r.choice(LAST)
    return r.choice(
        [
            f"{n} {r.choice(['Maple', 'Oak', 'North Lincoln', 'Cedar'])} {r.choice(['Street', 'Ave', 'Road', 'Blvd', 'Lane'])}, "
            f"{r.choice(['Springfield', 'Portland', 'San Jose', 'Austin'])}, {r.choice(['IL', 'OR', 'CA', 'TX'])} {r.randint(10000, 99950)}",
            f"{n} {last} Road, Apt {r.randint(1, 40)}, Denver, CO {r.randint(10000, 99950)}-{number(r, 4)}",
            f"{n} {r.choice(['High', 'Church', 'Mill'])} {r.choice(['Street', 'Lane', 'Road'])}, {r.choice(['Leeds', 'Bath', 'Milton Keynes'])}, "
            f"{r.choice(['LS', 'BA', 'MK'])}{r.randint(1, 9)} {r.randint(1, 9)}{pick(r, 'ABDEFGHJLNPQ', 2)}",
            f"Flat {r.randint(1, 9)}, {n} {last} Gardens, London SW{r.randint(1, 9)}{r.choice('AVWXY')} {r.randint(1, 9)}{pick(r, 'ABDEFGHJLN', 2)}",
            f"{last}straße {n}, {r.randint(10115, 99998)} {r.choice(['Berlin', 'Köln', 'Leipzig', 'Bad Homburg'])}",
            f"Am {last} Platz {r.randint(1, 99)}a, {r.randint(10115, 99998)} {r.choice(['Bonn', 'Ulm'])}",
            f"{last}gasse {n}, {r.randint(1010, 9990)} {r.choice(['Wien', 'Graz', 'Linz'])}",
            f"{n} rue {r.choice(['de la Paix', 'Victor Hugo', 'des Lilas'])}, {r.randint(10000, 95999)} {r.choice(['Paris', 'Lyon', 'Aix-en-Provence'])}",
            f"{n} bis avenue {r.choice(['de la République', 'Jean Jaurès'])}, {r.randint(10000, 95999)} Marseille",
            f"Calle {last} {n}, {r.randint(10000, 52999)} {r.choice(['Madrid', 'Sevilla', 'Bilbao'])}",
            f"Via {last} {n}, {r.randint(10010, 98168)} {r.choice(['Roma', 'Milano', 'Reggio Emilia'])}",
            f"{r.choice(['Kerk', 'Dorps', 'Molen'])}straat {n}, {r.randint(1011, 9999)} {pick(r, 'ABCDEFGHJK', 2)} {r.choice(['Amsterdam', 'Utrecht', 'Den Haag'])}",
            f"Storgatan {n}, {r.randint(100, 980)} {r.randint(10, 99)} {r.choice(['Stockholm', 'Lund', 'Malmö'])}",
            f"ul. {last}a {n}/{r.randint(1, 20)}, {r.randint(10, 99)}-{number(r, 3)} {r.choice(['Warszawa', 'Kraków'])}",
            f"Rua {last} {n}, {r.randint(10000, 99999)}-{number(r, 3)} {r.choice(['São Paulo', 'Recife'])}",
        ]
    )


def b64url(r: random.Random, count: int) -> str:
    return token(r, count, ALNUM + "-_")


SECRETS: dict[str, Value] = {
    "aws_access_key": lambda r: r.choice(["AKIA", "ASIA"]) + pick(r, string.ascii_uppercase + "234567", 16),
    "aws_secret_key": lambda r: f"{token(r, 20)}/{token(r, 19)}",
    "github_token": lambda r: r.choice(
        [
            r.choice(["ghp_", "gho_", "ghs_", "ghu_"]) + token(r, 36),
            f"github_pat_{token(r, 22)}_{token(r, 59)}",
        ]
    ),
    "gitlab_token": lambda r: "glpat-" + b64url(r, 20),
    "slack_token": lambda r: f"{r.choice(['xoxb', 'xoxp'])}-{number(r, 12)}-{number(r, 13)}-{token(r, 24)}",
    "slack_webhook": lambda r: (
        f"https://hooks.slack.com/services/T{token(r, 8, string.ascii_uppercase + string.digits)}/B{token(r, 8, string.ascii_uppercase + string.digits)}/{token(r, 24)}"
    ),
    "stripe_key": lambda r: r.choice(["sk_live_", "rk_live_", "sk_test_", "whsec_"]) + token(r, 32),
    "openai_key": lambda r: r.choice(["sk-", "sk-proj-"]) + token(r, 48),
    "anthropic_key": lambda r: "sk-ant-api03-" + b64url(r, 93) + "AA",
    "google_key": lambda r: "AIza" + b64url(r, 35),
    "jwt": lambda r: (
        f"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ{b64url(r, r.randint(40, 120))}.{b64url(r, 43)}"
    ),
    "private_key": lambda r: "-----BEGIN {0}PRIVATE KEY-----\n{1}\n-----END {0}PRIVATE KEY-----".format(
        r.choice(["RSA ", "EC ", "OPENSSH ", "", "ENCRYPTED "]),
        "\n".join(token(r, 64, ALNUM + "+/") for _ in range(r.randint(2, 6))),
    ),
    "azure_storage_key": lambda r: f"AccountKey={token(r, 86, ALNUM + '+/')}==",
    "azure_client_secret": lambda r: f"{token(r, 3)}8Q~{token(r, 34, ALNUM + '-_.')}",
    "npm_token": lambda r: "npm_" + token(r, 36),
    "pypi_token": lambda r: "pypi-AgEIcHlwaS5vcmc" + b64url(r, 120),
    "sendgrid_key": lambda r: f"SG.{b64url(r, 22)}.{b64url(r, 43)}",
    "twilio_key": lambda r: "SK" + token(r, 32, HEX),
    "huggingface_token": lambda r: "hf_" + token(r, 34),
    "digitalocean_token": lambda r: "dop_v1_" + token(r, 64, HEX),
}


def password(r: random.Random) -> str:
    return one_of(
        r,
        [
            lambda: f"{r.choice(LAST)}{r.choice('!#$%&*?')}{number(r, 4)}",
            lambda: token(r, 14, ALNUM + "!#$%&*?"),
            lambda: f"{r.choice(FIRST).lower()}-{r.choice(LAST).lower()}-{number(r, 3)}X",
            lambda: f"tr0ub4dor&{number(r, 2)}",
        ],
    )


PERSONAL: dict[str, Value] = {
    "email": email,
    "phone": phone,
    "national_phone": national_phone,
    "iban": iban_value,
    "card_number": card_number,
    "us_ssn": us_ssn,
    "us_itin": us_itin,
    "gb_nino": gb_nino,
    "gb_nhs": gb_nhs,
    "es_dni": es_dni,
    "es_nie": es_nie,
    "fr_nir": fr_nir,
    "it_codice_fiscale": it_codice_fiscale,
    "de_steuer_id": de_steuer_id,
    "pl_pesel": pl_pesel,
    "nl_bsn": nl_bsn,
    "ca_sin": ca_sin,
    "br_cpf": br_cpf,
    "br_cnpj": br_cnpj,
    "in_aadhaar": in_aadhaar,
    "in_pan": in_pan,
    "au_tfn": au_tfn,
    "au_abn": au_abn,
    "se_personnummer": se_personnummer,
    "dk_cpr": dk_cpr,
    "ch_ahv": ch_ahv,
    "fi_hetu": fi_hetu,
    "passport_mrz": passport_mrz,
    "passport_number": passport_number,
    "ip_address": ip_address,
    "birth_date": birth_date,
    "postal_address": postal_address,
}
