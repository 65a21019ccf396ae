"""docs/scope.md and docs/middleware.md are followed: the policy judges, the code builds."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from graphs.gate import judgings
from models.embeddings.names import resolve
from models.gate.judging import Judging
from models.gate.names import Means
from nodes.screen import Screen
from state.policy import load_policy
from state.settings import PROJECT, Settings
from tests.servers.processes import environment, warrant


def block(page: str, language: str) -> str:
    text = (PROJECT / "docs" / page).read_text(encoding="utf-8")
    return str(re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[0])


def judging(folder: Path, more: str = "") -> Judging:
    path = folder / "policy.toml"
    path.write_text(block("scope.md", "toml").replace("[gate.scope]\n", f"[gate.scope]\n{more}\n"), "utf-8")
    means = Means(load_policy(path).gate, Settings(home=folder), pytest.fail, resolve, {})
    return judgings(means)["screen"]


FOREIGN = "What is the boiling point of tungsten?"


def test_the_policy_of_the_page_flags_since_it_has_too_few_examples(tmp_path: Path) -> None:
    judge = judging(tmp_path)
    verdict = asyncio.run(judge(FOREIGN))
    assert (verdict.decision, verdict.category) == ("flag", "off_scope")
    for text in ("Where is my parcel?", "thanks a lot", "How do I return a shirt?"):
        assert asyncio.run(judge(text)).decision == "allow"


def test_a_refusal_ends_with_the_reply_of_the_page(tmp_path: Path) -> None:
    judge = judging(tmp_path, 'action = "refuse"')
    screen = Screen(lambda text, _place: judge(text), 1_000)
    ending = asyncio.run(screen({"request": FOREIGN, "messages": []}))["ending"]  # type: ignore[typeddict-unknown-key]
    assert ending is not None
    assert ending["outcome"] == "refused"
    assert ending["reason"] == (
        "I am the shop's assistant and can help with orders and delivery; returns and refunds. "
        "For anything else write to hello@shop.example."
    )


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(block("scope.md", "toml"), encoding="utf-8")
    chosen = environment(tmp_path) | {"WARRANT_POLICY": str(tmp_path / "policy.toml")}
    done = warrant("gate", "scope", env=chosen)
    assert done.returncode == 0, done.stderr
    assert "49 examples more are needed" in done.stdout
    (tmp_path / "policy.toml").write_text("", encoding="utf-8")
    assert warrant("gate", "scope", env=chosen).returncode == 2


def test_the_middleware_of_the_page_builds_an_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: dict[str, Any] = {}
    exec(compile(block("middleware.md", "python"), "docs/middleware.md", "exec"), names)
    made = names["agent"](GenericFakeChatModel(messages=iter([AIMessage("Hello.")])), [])
    assert made.invoke({"messages": [("user", "Hi")]})["messages"][-1].content == "Hello."
