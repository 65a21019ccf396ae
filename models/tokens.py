"""Tokens by their form, and secrets by the name that they are assigned to.

What detect-secrets lacks, or matches only in part, or in quadratic time (its patterns for `sk-` and JWT).
"""

import re
from collections.abc import Iterator
from string import ascii_letters, digits
from typing import TypeAlias

from models.tables import cells_below

Span: TypeAlias = tuple[str, int, int]
"""Kind, start, end."""

# They begin with a literal, and what may not stand before it comes second: `re` then searches twice as fast.
TOKENS = {
    "api_key": re.compile(r"sk-(?<![\w-]sk-)(?=[A-Za-z_-]*+\d)[\w-]{20,}+", re.ASCII),
    "github_token": re.compile(r"github_pat_\w{22,}+", re.ASCII),
    "google_key": re.compile(r"(?:AIza(?<![\w-]AIza)[\w-]{35}|GOCSPX-[\w-]{28}|ya29\.[\w-]{30,}+)", re.ASCII),
    "huggingface_token": re.compile(r"hf_(?<!\whf_)[A-Za-z0-9]{30,}+"),
    "langsmith_key": re.compile(r"lsv2_(?:pt|sk)_\w{32,}+", re.ASCII),
    "npm_token": re.compile(r"npm_(?<!\wnpm_)[A-Za-z0-9]{36}"),
    "stripe_key": re.compile(
        r"(?:[sr]k_(?:test|live)|whsec)_(?<!\w(?:sk|rk)_(?:test|live)_)[A-Za-z0-9]{16,}+"
    ),
    "slack_token": re.compile(r"xapp-\d-[A-Z0-9]{8,}+-\d+-[a-z0-9]{20,}+"),
    "azure_secret": re.compile(r"(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}(?![\w~.-])", re.ASCII),
    # Prefixes that their makers publish: DigitalOcean, Shopify, HashiCorp, Docker, Atlassian, Databricks,
    # Grafana, New Relic, Postman, Linear, Groq, xAI, Perplexity, Replicate, PlanetScale, Sentry, age.
    "service_token": re.compile(
        r"(?:do[por]_v1_[a-f0-9]{64}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}|hv[sb]\.[\w-]{24,}+"
        r"|dckr_pat_[\w-]{27}"
        r"|ATATT3[\w=-]{60,}+|dapi[a-f0-9]{32}|glsa_\w{32,}+|NRAK-[A-Z0-9]{27}|PMAK-[a-f0-9]{24}-[a-f0-9]{34}"
        r"|lin_api_\w{40}|gsk_[A-Za-z0-9]{48,}+|xai-[A-Za-z0-9]{60,}+|pplx-[a-zA-Z0-9]{40,}+"
        r"|r8_[A-Za-z0-9]{37}"
        r"|pscale_(?:tkn|pw|oauth)_[\w.-]{32,}+|sntry[su]_[\w=+/-]{40,}+|AGE-SECRET-KEY-1[0-9A-Z]{58})",
        re.ASCII,
    ),
    "jwt": re.compile(r"eyJ(?<![\w-]eyJ)[\w-]++\.eyJ[\w-]++(?:\.[\w-]*+)?", re.ASCII),
    # The whole block, also one whose end is cut off.
    "private_key": re.compile(
        r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----[\w+/=:,\s\\-]*+", re.ASCII
    ),
}

MARKS = {
    "google_key": ("AIza", "GOCSPX-", "ya29."),
    "stripe_key": ("k_test_", "k_live_", "whsec_"),
    "azure_secret": ("Q~",),
    "service_token": (
        *(
            "do",
            "shp",
            "hvs.",
            "hvb.",
            "dckr_pat_",
            "ATATT3",
            "dapi",
            "glsa_",
            "NRAK-",
            "PMAK-",
            "lin_api_",
            "gsk_",
        ),
        *("xai-", "pplx-", "r8_", "pscale_", "sntry", "AGE-SECRET-KEY-1"),
    ),
}
"""A token holds one of these; a text without any need not be searched."""

# A value without a digit or sign is a word of a sentence, or code that reads the secret from elsewhere.
ASSIGNMENT = re.compile(
    r"[\"'\\]{0,2}\s{0,9}(?::=|=>|[=:])\s{0,9}[\"'\\]{0,2}"
    r"(?P<value>(?=[A-Za-z_.*/-]{0,200}[\d!@#$%^&?~+])[^\s\"'<>()\[\]{},;\\]{6,500}+)"
)
SIGN = re.compile(r"[=:]")
LONGEST_NAME = 40
NAME = re.compile(
    r"(?:passw(?:or)?d|passphrase|pwd|(?<![a-z])p(?:ass|w)|secret|passwort|kennwort"
    r"|mot[ _]de[ _]passe|contrase[ñn]a"
    r"|senha|wachtwoord"
    r"|has[łl]o|l[öo]senord|adgangskode"
    r"|(?P<weak>(?:api|access|private|signing|encryption|master|auth|account|storage|service|webhook"
    r"|license)[_ -]?key"
    r"|(?:auth|access|refresh|session|bearer|bot|api|user|deploy|id)[_ -]?token|(?<![a-z_-])token))"
    r"(?:[_-]key)?[\"'\\]{0,2}\s{0,9}\Z",
    re.IGNORECASE,
)
LONG = re.compile(r"(?=[A-Za-z_.*/-]{0,200}\d)[\w.~+/=-]{16,500}", re.ASCII)
"""What is merely called a key or a token must look like one."""

HEADS = re.compile(
    r"(?:\w{1,20}[ _-])?(?:\w{0,20}password|passwd|passphrase|pwd|pass|\w{0,20}secret|passwort|kennwort"
    r"|mot de passe|contraseña"
    r"|senha|wachtwoord|api[ _-]?key|(?:access|auth|refresh)?[ _-]?token)",
    re.IGNORECASE,
)
HEAD_MARKS = ("pass", "pwd", "secret", "kennwort", "contraseña", "senha", "wachtwoord", "key", "token")
NO_WORD = re.compile(r"(?!\$[\w{])(?=\D{0,200}\d)[^\s<>{}()]{6,500}")
"""What a cell holds that is no word, and no place where the secret is."""

BEARER = re.compile(
    r"(?:\bbearer|authorization[\"']?:\s{0,9}[\"']?basic)\s{1,9}(?P<value>(?=[A-Za-z._~+/=-]*+\d)[\w.~+/=-]{16,}+)",
    re.ASCII | re.IGNORECASE,
)
# In a sentence; `8 characters` and `12-digit` are no password.
SENTENCE = re.compile(
    r"(?:password|passphrase|passwort|kennwort|mot de passe|contraseña|senha|wachtwoord|hasło|lösenord"
    r"|adgangskode|\bpwd|\bpw)"
    r"(?: (?:is|was|ist|lautet|est|es|é|to|jest|är|er))? [\"'“„«`]?"
    r"(?P<value>(?!\d{1,3}[- ]?[a-z])(?=[^\s\d]{0,60}\d)(?=[^\s]{0,60}[A-Za-z])(?=\S{0,60}[A-Z!@#$%^&?~+*_-])"
    r"[^\s\"'“”„«»`<>()\[\]{},;\\]{6,60}[^\s\"'“”„«»`<>()\[\]{},;\\.:!?])",
    re.IGNORECASE,
)
OPTION = re.compile(
    r"(?:\saws_(?:secret_access_key|session_token)\s|\s--?(?:password|passwd|pass|token|api-key|secret)[ =]"
    r"|\s-u \w{1,40}:|[?&](?:key|token|sig|signature|secret)=)"
    r"(?P<value>(?=[^\s&\d]{0,200}\d)[^\s\"'<>()\[\]{}$&,;\\]{6,300}+)",
    re.IGNORECASE,
)
SPOKEN = (
    ("bearer_token", BEARER, ("bearer", "authorization")),
    (
        "credential",
        SENTENCE,
        (
            "passwor",
            "passph",
            "pw",
            "kennwort",
            "mot de",
            "contras",
            "senha",
            "wachtw",
            "has",
            "senord",
            "adgang",
        ),
    ),
    ("credential", OPTION, (" --", " -u ", " aws_", "key=", "token=", "sig=", "signature=", "secret=")),
)
"""Kind, pattern, and what the text holds in small letters."""


END_OF_KEY = re.compile(r"-----END (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
KEY_CHARACTERS = frozenset(ascii_letters + digits + "+/=\\ \r\n\t")
LONGEST_KEY = 16_000
KEY_BODY = re.compile(r"[A-Za-z0-9+/]{1,64}\n(?:[A-Za-z0-9+/]{64}(?:\n|\Z))+[A-Za-z0-9+/]*={0,2}(?:\n|\Z)")
"""A piece of a long text that begins within a key: lines of 64 characters (RFC 7468)."""


def tokens(text: str) -> Iterator[Span]:
    """Find tokens by their form."""
    done = 0
    for end in END_OF_KEY.finditer(text):  # the rest of a key whose beginning is in another piece of text
        start = end.start()
        least = max(done, start - LONGEST_KEY)
        while start > least and text[start - 1] in KEY_CHARACTERS:
            start -= 1
        done = end.end()
        yield "private_key", start, done
    for at in (0, text.find(": ", 0, LONGEST_NAME * 2) + 2):  # where a piece, or a field's value, begins
        if body := KEY_BODY.match(text, at):
            yield "private_key", *body.span()
    for kind, pattern in TOKENS.items():
        if kind not in MARKS or any(mark in text for mark in MARKS[kind]):
            yield from ((kind, *match.span()) for match in pattern.finditer(text))


def assigned(text: str) -> Iterator[Span]:
    """Find values that stand behind the name of a secret."""
    for sign in SIGN.finditer(text):
        name = NAME.search(text, max(0, sign.start() - LONGEST_NAME), sign.start())
        value = ASSIGNMENT.match(text, sign.start()) if name else None
        if name and value and (not name["weak"] or LONG.fullmatch(value["value"])):
            yield "credential", *value.span("value")
    small = text.lower()
    for kind, pattern, marks in SPOKEN:
        if any(mark in small for mark in marks):
            yield from ((kind, *match.span("value")) for match in pattern.finditer(text))
    if any(mark in small for mark in HEAD_MARKS):
        for cell in cells_below(text, HEADS):
            if NO_WORD.fullmatch(text, *cell):
                yield "credential", *cell
