"""Texts with one planted value each, at known places, and texts with none."""

import json
import random
from dataclasses import dataclass
from types import ModuleType

from benchmarks.redaction import frames, frames_held_out
from benchmarks.redaction.harmless import HARMLESS, harmless
from benchmarks.redaction.values import ALNUM, FIRST, LAST, PERSONAL, SECRETS, Value, password, token

PLACED: dict[str, Value] = {
    "password": password,
    "url_password": lambda r: token(r, 14),
    "connection_string": password,
    "bearer_token": lambda r: token(r, 40),
    "assigned_secret": lambda r: token(r, 32, ALNUM + "-_"),
}
VALUES: dict[str, Value] = {**PERSONAL, **SECRETS, **PLACED}


@dataclass(frozen=True)
class Text:
    """A text, what is planted in it and where; of a harmless one, what it looks like."""

    text: str
    kind: str
    value: str = ""
    start: int = 0
    written: str = ""
    """How it is written down: `sentence`, `json`, …"""


def planted(seed: int, count: int, *, held_out: bool = False) -> list[Text]:
    """`count` texts, the kinds in turn."""
    writer = Writer(random.Random(seed), frames_held_out if held_out else frames)
    kinds = list(VALUES)
    return [writer.planted(kinds[at % len(kinds)]) for at in range(count)]


def negatives(seed: int, count: int, *, held_out: bool = False) -> list[Text]:
    """`count` texts that hold nothing, the kinds in turn."""
    r, kinds, made = random.Random(seed), list(HARMLESS), []
    around = (frames_held_out if held_out else frames).AROUND
    for at in range(count):
        kind = kinds[at % len(kinds)]
        looks = harmless(r, kind, frames_held_out.HARMLESS[kind] if held_out else None)
        text = " ".join(part for part in (r.choice(around), looks, r.choice(around)) if part)
        made.append(Text(text, kind))
    return made


class Writer:
    """Puts values into sentences, mails, records, tables, logs and code."""

    def __init__(self, r: random.Random, given: ModuleType) -> None:
        self.r, self.frames = r, given

    def planted(self, kind: str) -> Text:
        """A text with a value of this kind."""
        r, value = self.r, VALUES[kind](self.r)
        forms = ["sentence", "sentence", "mail"]
        if kind not in self.frames.OWN_SAID and kind != "passport_mrz" and "\n" not in value:
            forms += ["json", "csv", "table", "log", "code"]
        form = r.choice(forms)
        text, at = getattr(self, form)(kind, value)
        assert text[at : at + len(value)] == value, (kind, form)
        return Text(text, kind, value, at, form)

    def said(self, kind: str, value: str) -> tuple[str, int]:
        """A sentence, and where the value stands in it."""
        own = self.frames.OWN_SAID.get(kind) or self.frames.SAID.get(kind) or self.frames.TOKEN_SAID
        before, behind = self.r.choice(own).split("{}", 1)
        return f"{before}{value}{behind}", len(before)

    def key(self, kind: str) -> str:
        """What a field of this kind is called."""
        return str(self.r.choice(self.frames.KEYS.get(kind) or self.frames.TOKEN_KEYS))

    def sentence(self, kind: str, value: str) -> tuple[str, int]:
        """A sentence between two others."""
        said, at = self.said(kind, value)
        before, behind = self.r.choice(self.frames.AROUND), self.r.choice(self.frames.AROUND)
        lead = f"{before} " if before else ""
        return f"{lead}{said} {behind}".rstrip(" "), len(lead) + at

    def mail(self, kind: str, value: str) -> tuple[str, int]:
        """A mail."""
        said, at = self.said(kind, value)
        around = self.r.choice(self.frames.AROUND)
        lead = f"Subject: order WR-{self.r.randint(10000, 99999)}\n\nDear team,\n\n{around}\n"
        return f"{lead}{said}\n\nKind regards\n{self.r.choice(FIRST)}\n", len(lead) + at

    def json(self, kind: str, value: str) -> tuple[str, int]:
        """A record as JSON."""
        r = self.r
        record = {"id": r.randint(1000, 9_999_999), "name": f"{r.choice(FIRST)} {r.choice(LAST)}"}
        record |= {self.key(kind): value, "total": r.randint(1, 99_999) / 100}
        whole = {"customer": record, "ok": True} if r.random() < 0.3 else record
        text = json.dumps(whole, ensure_ascii=False, indent=r.choice([None, 2]))
        return text, text.rindex(value)

    def csv(self, kind: str, value: str) -> tuple[str, int]:
        """A table of comma-separated values, or of others."""
        r = self.r
        by = ";" if "," in value else r.choice([",", ";", "\t"])
        head = by.join(["id", "name", self.key(kind), "amount"])
        rows = [
            f"{r.randint(1000, 9999)}{by}{r.choice(FIRST)}{by}-{by}{r.randint(1, 999)}"
            for _ in range(r.randint(0, 4))
        ]
        lead = "\n".join([head, *rows, f"{r.randint(1000, 9999)}{by}{r.choice(FIRST)}{by}"])
        return f"{lead}{value}{by}{r.randint(1, 999)}\n", len(lead)

    def table(self, kind: str, value: str) -> tuple[str, int]:
        """A table in Markdown."""
        r = self.r
        head = ["The customers:\n", f"| name | {self.key(kind)} | points |", "|---|---|---|"]
        rows = [f"| {r.choice(FIRST)} | – | {r.randint(1, 999)} |" for _ in range(r.randint(0, 3))]
        lead = "\n".join([*head, *rows, f"| {r.choice(FIRST)} | "])
        return f"{lead}{value} | {r.randint(1, 999)} |\n", len(lead)

    def log(self, kind: str, value: str) -> tuple[str, int]:
        """A line of a log."""
        r = self.r
        time = f"2026-0{r.randint(1, 9)}-1{r.randint(0, 9)} 12:{r.randint(10, 59)}:07,123"
        lead = f"{time} INFO shop.api [req-{token(r, 8)}] {self.key(kind)}="
        return f"{lead}{value} status=200 ms={r.randint(1, 900)}\n", len(lead)

    def code(self, kind: str, value: str) -> tuple[str, int]:
        """A test in Python."""
        name = self.key(kind).replace(" ", "_").replace("-", "_")
        lead = f'def test_{self.r.choice(LAST).lower()}():\n    {name} = "'
        return f'{lead}{value}"\n    assert check(1234567, "a-b-c") == 200\n', len(lead)
