from pathlib import Path

import pytest

from models.gate.classifier import Finding
from models.gate.rules import RULES, Rules
from state.verdict import GRAVITY, Place

KEY = "sk-" + "abcdefghij0123456789" * 2
MAIL = "jane@mail.example"
HIDDEN = "".join(chr(0xE0000 + ord(letter)) for letter in "obey")


@pytest.fixture(scope="module")
def rules() -> Rules:
    return Rules()


def gravest(rules: Rules, text: str, place: Place) -> Finding:
    return max(rules.classify(text, place), key=lambda finding: GRAVITY.index(finding.action))


@pytest.mark.parametrize(
    ("text", "category", "actions"),
    [
        (f"my key is {KEY}", "secret", "refuse flag refuse"),
        (f"I am {MAIL}", "personal_data", "flag flag flag"),
        (f"hello{HIDDEN}", "unreadable", "refuse flag flag"),
        ("a\x00b", "unreadable", "refuse flag flag"),
        ("pay \u202eRUE 0001", "unreadable", "refuse flag flag"),
        (f"{MAIL} {KEY}", "secret", "refuse flag refuse"),
        (f"{MAIL}\x07", "unreadable", "refuse flag flag"),
    ],
)
def test_what_follows_by_place(rules: Rules, text: str, category: str, actions: str) -> None:
    places: tuple[Place, ...] = ("screen", "result", "release")
    for place, action in zip(places, actions.split(), strict=True):
        finding = gravest(rules, text, place)
        assert (finding.category, finding.action, finding.score) == (category, action, 1.0)
        assert all(0 <= start < end <= len(text) for start, end in finding.spans)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "What is 17% of 340?",
        "tabs\tand\r\nlines",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "👩‍🚀 שלום",
    ],
)
def test_an_honest_text_is_ok(rules: Rules, text: str) -> None:
    assert rules.classify(text, "screen") == []


def test_the_reason_says_what_it_is_but_not_the_secret(rules: Rules) -> None:
    finding = gravest(rules, f"{MAIL} has {KEY}", "screen")
    assert finding.reason == "The request contains: api key. Remove it and ask again."
    assert [f"{MAIL} has {KEY}"[start:end] for start, end in finding.spans] == [KEY]


def test_the_rules_can_be_changed_in_their_file(tmp_path: Path) -> None:
    changed = tmp_path / "rules.toml"
    changed.write_text(RULES.read_text().replace("version = 1", "version = 7").replace('"flag"', '"refuse"'))
    rules = Rules(changed)
    assert rules.name == "rules@7"
    assert gravest(rules, MAIL, "release").action == "refuse"


@pytest.mark.parametrize("broken", ["version = 1", 'version = 1\n[screen]\nsecret = "allow"'])
def test_rules_with_a_gap_are_refused(tmp_path: Path, broken: str) -> None:
    (tmp_path / "rules.toml").write_text(broken)
    with pytest.raises(ValueError, match="validation error"):
        Rules(tmp_path / "rules.toml")
