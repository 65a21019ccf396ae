import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from langchain_core.messages import HumanMessage
from pydantic import SecretStr

from models.breaker import Breaking
from models.chat import Chat, ModelError, Prompt
from models.fallback import Fallback
from models.names import chat
from models.provider import ProviderChat
from models.pseudonyms import Pseudonyms
from models.retry import Retry
from models.sections import render
from models.throttle import Throttle
from state.models_policy import ModelsPolicy
from state.settings import Settings
from tests.servers.openai_server import OpenAIServer, fails, says

SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
PROMPT = Prompt("answer", (HumanMessage("?"),), SCHEMA)
OK = says('{"text": "ok"}')


def named(name: str, **policy: object) -> Chat:
    return chat(name, ModelsPolicy.model_validate(policy), Settings())


def error_of(name: str) -> str:
    with pytest.raises(ModelError) as caught:
        asyncio.run(named(name, transport_retries=0).reply(PROMPT))
    return str(caught.value)


@pytest.mark.parametrize("name", ["", "gpt-5", "openai:", ":x", "openai: gpt", "file:///etc", "tapes"])
def test_a_name_of_no_known_form_is_refused_with_examples(name: str) -> None:
    if name.startswith("file"):
        assert "is no provider of LangChain's init_chat_model" in error_of(name)
    else:
        with pytest.raises(ModelError, match="Name one such as offline, tape:"):
            named(name)


def test_a_url_without_a_model_is_refused() -> None:
    with pytest.raises(ModelError, match=r"Put it behind #, as in http://127\.0\.0\.1:1/v1#model"):
        named("http://127.0.0.1:1/v1")


def test_a_url_with_a_key_is_refused_since_names_are_recorded() -> None:
    with pytest.raises(ModelError, match="Set WARRANT_API_KEY") as caught:
        named("http://user:secret@127.0.0.1:1/v1#model")
    assert "secret" not in str(caught.value)


def test_a_missing_package_is_named_with_the_command_that_installs_it() -> None:
    said = error_of("mistralai:mistral-large-2411")
    assert "needs the package langchain-mistralai" in said
    assert "pip install langchain-mistralai." in said


def test_ollama_is_not_taken_from_a_deprecated_package() -> None:
    assert "pip install langchain-ollama or name http://127.0.0.1:11434/v1#model" in error_of(
        "ollama:qwen3:8b"
    )


def test_an_unknown_provider_is_refused() -> None:
    assert "'nobody' is no provider" in error_of("nobody:model-2026-01-01")


def test_a_missing_key_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert error_of("openai:gpt-5-mini-2025-08-07").endswith("Set OPENAI_API_KEY.")


def test_a_provider_of_langchain_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with OpenAIServer(OK) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        settings = Settings(openai_api_key=SecretStr("sk-mine"))
        chosen = chat("openai:gpt-5-mini-2025-08-07", ModelsPolicy(), settings)
        reply = asyncio.run(chosen.reply(PROMPT))
    assert (reply.model, reply.strategy, reply.value) == (chosen.name, "native", {"text": "ok"})
    assert server.requests[0].headers["authorization"] == "Bearer sk-mine"
    assert server.requests[0].body["model"] == "gpt-5-mini-2025-08-07"
    assert reply.usage.cost_usd == pytest.approx((11 * 0.25 + 7 * 2.0) / 1e6)


def test_models_are_stacked_as_fallback_of_pseudonyms_of_retry_of_throttle_of_breaker_of_leaf() -> None:
    chosen = named(
        "http://127.0.0.1:1/v1#a", fallback=["openai:gpt-5-2025-08-07", "offline"], transport_retries=4
    )
    assert isinstance(chosen, Fallback)
    outer, other, third = chosen.chats
    assert isinstance(outer, Pseudonyms)
    assert isinstance(other, Pseudonyms)
    assert outer.scope == "secrets"
    first, second = outer.chat, other.chat
    assert isinstance(first, Retry)
    assert isinstance(second, Retry)
    assert isinstance(first.chat, Throttle)
    assert isinstance(first.chat.chat, Breaking)
    assert isinstance(first.chat.chat.chat, ProviderChat)
    assert (first.retries, second.name, third.name) == (4, "openai:gpt-5-2025-08-07", "offline")
    assert chosen.name == "http://127.0.0.1:1/v1#a else openai:gpt-5-2025-08-07 else offline"


def test_the_retries_of_one_call_do_not_open_a_breaker_whose_bound_nobody_set() -> None:
    with OpenAIServer(*[fails(503)] * 7, OK) as server:
        chosen = named(f"{server.url}#a", transport_retries=7, redact="off")
        retry = replace(cast(Retry, chosen), first_wait=0.001)
        assert asyncio.run(retry.reply(PROMPT)).usage.model_calls == 8


def test_a_fallback_of_itself_is_none() -> None:
    assert named("offline", fallback=["offline"]).name == "offline"


def test_a_tape_has_no_fallback_since_replay_touches_nothing(tmp_path: Path) -> None:
    with OpenAIServer(OK) as server:
        policy = ModelsPolicy(fallback=(f"{server.url}#any",))
        with pytest.raises(ModelError, match="Cannot read the tape"):
            asyncio.run(chat(f"tape:{tmp_path / 'none.jsonl'}", policy, Settings()).reply(PROMPT))
    assert not server.requests


def test_the_offline_model_stands_in_for_a_dead_server() -> None:
    sections = {"task": "plan", "request": "Hello", "tools": []}
    schema = {"type": "object", "properties": {"steps": {"type": "array"}}, "required": ["steps"]}
    with OpenAIServer(fails(401)) as dead:
        chosen = named(f"{dead.url}#a", fallback=["offline"])
        reply = asyncio.run(chosen.reply(Prompt("plan", (HumanMessage(render(sections)),), schema)))
    assert (reply.model, reply.strategy, reply.violations) == ("offline", "prompted", ())
    assert (reply.usage.model_calls, reply.usage.input_tokens, reply.usage.cost_usd) == (2, 0, 0.0)
    assert not reply.usage.estimated


def test_a_dead_server_is_replaced_by_the_next() -> None:
    with OpenAIServer(fails(500)) as dead, OpenAIServer(OK) as alive:
        policy = ModelsPolicy(fallback=(f"{alive.url}#b",), transport_retries=1)
        reply = asyncio.run(chat(f"{dead.url}#a", policy, Settings()).reply(PROMPT))
    assert reply.model == f"{alive.url}#b"
    assert (len(dead.requests), reply.usage.model_calls) == (2, 3)


@pytest.mark.parametrize(
    "name",
    [
        "openai:gpt-5-floating",
        "openai:chatgpt-4o-latest",
        "anthropic:claude-sonnet-4-5",
        "google_genai:gemini-2.5-pro",
        "ollama:qwen3:latest",
    ],
)
def test_a_floating_alias_warns_once(name: str, caplog: pytest.LogCaptureFixture) -> None:
    named(name)
    named(name)
    assert len(caplog.messages) == 1
    assert f"{name} is a floating alias" in caplog.messages[0]


@pytest.mark.parametrize(
    "name",
    [
        "openai:gpt-5-mini-2025-08-07",
        "anthropic:claude-haiku-4-5-20251001",
        "mistralai:mistral-large-2411",
        "google_genai:gemini-2.0-flash-001",
        "bedrock:anthropic.claude-3-5-sonnet-20241022-v2:0",
        "ollama:qwen3:8b",
        "http://127.0.0.1:1/v1#llama-latest",
        "offline",
    ],
)
def test_pinned_names_and_urls_do_not_warn(name: str, caplog: pytest.LogCaptureFixture) -> None:
    named(name)
    assert not caplog.messages


def test_naming_a_model_imports_no_provider_and_no_langchain_agent() -> None:
    code = """
import json, sys
from models.names import chat
from state.models_policy import ModelsPolicy
from state.settings import Settings
chat("openai:gpt-5-2025-08-07", ModelsPolicy(fallback=("offline", "http://127.0.0.1:1/v1#m")), Settings())
heavy = ("langchain", "langchain_openai", "openai", "tiktoken", "onnxruntime", "models.offline.model")
print(json.dumps([name for name in heavy if name in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
