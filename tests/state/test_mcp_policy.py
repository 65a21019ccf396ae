import re
import tomllib
from typing import Any

import pytest
from pydantic import ValidationError

from state.policy import Policy
from state.settings import PROJECT

STDIO = {"command": "server"}


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("a", {}),
        ("a", {"command": "x", "url": "https://example.org"}),
        ("a", {"url": "https://example.org", "env": ["TOKEN"]}),
        ("a", {"command": "x", "headers": {"X": "y"}}),
        ("a", {"command": "x", "shell": True}),
        ("a", {"command": "x", "env": ["A B"]}),
        ("a", {"url": "http://example.org/mcp"}),
        ("a", {"url": "https://me:secret@example.org/mcp"}),
        ("a", {"url": "file:///etc/passwd"}),
        ("a", {"url": "https://[bad/mcp"}),
        ("a", {"url": "https://example.org", "headers": {"X": "y\r\nZ: 1"}}),
        ("a.b", STDIO),
        ("A", STDIO),
        ("1a", STDIO),
        ("a\n", STDIO),
    ],
)
def test_an_entry_that_cannot_be_meant_is_refused(name: str, entry: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate({"mcp": {name: entry}})


def test_secrets_are_named_not_held() -> None:
    policy = Policy.model_validate(
        {
            "mcp": {
                "a": {"command": "x", "env": ["ONE"]},
                "b": {"url": "http://127.0.0.1:1/mcp", "headers": {"Authorization": "env:TWO", "X": "plain"}},
            }
        }
    )
    assert policy.mcp["a"].secrets() == {"ONE"}
    assert policy.mcp["b"].secrets() == {"TWO"}


def test_the_documented_entries_are_valid() -> None:
    page = (PROJECT / "docs" / "mcp.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    policy = Policy.model_validate(tomllib.loads(block))
    assert set(policy.mcp) == {"files", "tickets"}
    assert policy.tools["tickets.create"].approval == "always"
