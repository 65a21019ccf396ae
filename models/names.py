"""Chat models by name: `offline`, `tape:FILE`, `provider:model`, or an OpenAI-compatible server's URL.

Wrappers stack in one order, outermost first:

    fallback(pseudonyms(retry(throttle(breaker(leaf)))), pseudonyms(retry(throttle(breaker(leaf)))), …)

* The breaker is next to the leaf: it judges single requests, and its probe is a single one.
* The throttle is around the breaker: who has waited learns that the provider went down meanwhile, and what
  the breaker refuses counts against no limit. It asks the breaker before the queue too, so that nobody waits
  in vain.
* Retry is around the throttle: each request that is sent passes the limits, a wait between two of them takes
  up no place, and `Retry-After`, which the throttle has seen by then, holds for all others too.
* Pseudonyms are around everything of one provider: what is sent again is what was sent, and each model of a
  fallback is shown as much as its own place allows. What runs in this process is shown everything.
* Fallback is outermost. What was not sent is not retried (`NotSentError`): the next model is asked at once.

A leaf asks again by itself only where a server rejects the way in which a schema was asked for, which it
remembers; the throttle counts these requests when the reply is there.
"""

import logging
import re
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from models.breaker import Breaker, Breaking, is_outage
from models.chat import Chat, ModelError
from models.failure import Origin
from models.fallback import Fallback
from models.limiter import Limiter
from models.provider import ProviderChat
from models.pseudonyms import Pseudonyms
from models.retry import Retry
from models.throttle import Throttle
from state.models_policy import ModelsPolicy, ProviderLimits
from state.schema import Json
from state.settings import Settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

logger = logging.getLogger("warrant")

EXAMPLES = (
    "Name one such as offline, tape:trace.jsonl, openai:gpt-5-mini-2025-08-07, "
    "anthropic:claude-sonnet-4-5-20250929 or http://127.0.0.1:8000/v1#model."
)
PROVIDER = re.compile(r"(?P<provider>[a-z][a-z0-9_-]*):(?P<model>\S+)")
PINNED = re.compile(r"\d{4}-\d{2}-\d{2}|\d{8}|-\d{3,4}\b|@")
"""A date, a revision or a digest in a model's name."""
OPEN_WEIGHTS = {"baseten", "fireworks", "groq", "huggingface", "nvidia", "ollama", "together"}
"""Providers whose names are those of published weights; only `latest` floats there."""
DEFAULT_LIMITS = ProviderLimits()
DEFAULT_FAILURES = 5
KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}


def chat(name: str, policy: ModelsPolicy, settings: Settings) -> Chat:
    """The chat model of a name, with the policy's fallbacks behind it.

    A tape gets no fallback, since a replay must not touch a live model. Nothing is imported, read or sent
    before the first call.

    Raises:
        ModelError: a name has no known form.
    """
    names = (name,) if name.startswith("tape:") else tuple(dict.fromkeys((name, *policy.fallback)))
    chats = tuple(_chat(each, policy, settings) for each in names)
    return chats[0] if len(chats) == 1 else Fallback(chats)


def bare(name: str, policy: ModelsPolicy, settings: Settings) -> "BaseChatModel":
    """The LangChain model of a name, with nothing around it, for graphs that are not ours.

    Raises:
        ModelError: the name has no known form, or its model cannot be built.
    """
    leaf = _leaf(name, policy, settings)
    try:
        return leaf.build()
    except ModelError:
        raise
    except Exception as error:  # providers raise whatever their libraries do
        problem = " ".join(str(error).split())
        raise ModelError(f"{name} cannot be used: {problem}", leaf.origin.key) from error


def _leaf(name: str, policy: ModelsPolicy, settings: Settings) -> ProviderChat:
    if name == "offline":
        return ProviderChat(_local(name), _offline, policy, ("prompted",), free=True)
    if name.startswith("tape:"):
        path = Path(name.removeprefix("tape:"))
        return ProviderChat(_local(name), partial(_tape, path), policy, ("prompted",), free=True)
    if name.startswith(("http://", "https://")):
        return _by_url(name, policy, settings)
    if match := PROVIDER.fullmatch(name):
        return _by_provider(match["provider"], match["model"], policy, settings)
    raise ModelError(f"{name!r} is no name of a chat model.", EXAMPLES)


def _chat(name: str, policy: ModelsPolicy, settings: Settings) -> Chat:
    leaf = _leaf(name, policy, settings)
    if leaf.free:
        return leaf
    provider = urlsplit(name).netloc or name.partition(":")[0]
    guarded = _guarded(leaf, provider, policy)
    return guarded if policy.redact == "off" else Pseudonyms(guarded, policy.redact)


def _guarded(leaf: Chat, provider: str, policy: ModelsPolicy) -> Chat:
    key = leaf.name if leaf.name in policy.limits else provider
    limits = policy.limits.get(key, DEFAULT_LIMITS)
    # The retries of one call alone do not open a breaker whose bound nobody set.
    failures = limits.failures or max(DEFAULT_FAILURES, policy.transport_retries + 1)
    limiter, breaker = _shared(key, limits, failures)
    breaking = Breaking(leaf, breaker)
    return Retry(Throttle(breaking, limiter, breaking.check), policy.transport_retries)


@cache
def _shared(key: str, limits: ProviderLimits, failures: int) -> tuple[Limiter, Breaker]:
    """The limiter and the breaker of a provider, one of each in a process."""
    return Limiter(key, limits), Breaker(key, failures, limits.cooldown_seconds, is_outage)


def _by_url(name: str, policy: ModelsPolicy, settings: Settings) -> ProviderChat:
    parts = urlsplit(name)
    url = parts._replace(fragment="").geturl()
    if not (parts.hostname and parts.fragment):
        raise ModelError(f"{name!r} names no model.", f"Put it behind #, as in {url}#model.")
    if parts.username or parts.password:
        raise ModelError("A name must hold no key, since it is recorded.", "Set WARRANT_API_KEY.")
    origin = Origin(name, "Set WARRANT_API_KEY.", f"{url}/models lists the names that it serves.", url)
    build = partial(_compatible, url, parts.fragment, policy, settings.api_key)
    # Most such servers have native output, but some ignore it silently: the prompt has the schema as well.
    return ProviderChat(origin, build, policy, ("native", "prompted"), show_schema=True)


def _by_provider(provider: str, model: str, policy: ModelsPolicy, settings: Settings) -> ProviderChat:
    _warn_if_floating(provider, model)
    key = f"Set {KEYS[provider]}." if provider in KEYS else f"Give the API key as {provider} wants it."
    models = f"Look the name up in the list of models of {provider}."
    build = partial(_provided, provider, model, policy, settings)
    return ProviderChat(Origin(f"{provider}:{model}", key, models, provider), build, policy)


@cache
def _warn_if_floating(provider: str, model: str) -> None:
    """Say once in a process that a name does not say which model it is."""
    if model.endswith("latest") or not (provider in OPEN_WEIGHTS or PINNED.search(model)):
        logger.warning(
            "%s:%s is a floating alias, whose model may change. Name a dated version to pin it.",
            provider,
            model,
        )


def _local(name: str) -> Origin:
    return Origin(name, "", "", "this process")


def _offline() -> "BaseChatModel":
    from models.offline.model import OfflineChat

    return OfflineChat()


def _tape(path: Path) -> "BaseChatModel":
    from models.tape import TapeChat

    return TapeChat(path=path)


def _compatible(url: str, model: str, policy: ModelsPolicy, key: SecretStr | None) -> "BaseChatModel":
    from langchain_openai import ChatOpenAI

    # A key of OpenAI's in the environment must not go to another server, so some key is always given.
    return ChatOpenAI(
        model=model,
        base_url=url,
        api_key=key or SecretStr("none"),
        use_responses_api=False,
        max_retries=0,
        **_openai_options(policy),
    )


def _provided(provider: str, model: str, policy: ModelsPolicy, settings: Settings) -> "BaseChatModel":
    """Any provider of LangChain's `init_chat_model`.

    Raises:
        ModelError: the provider is unknown or its package is not installed.
    """
    from langchain.chat_models import init_chat_model

    if provider == "ollama" and find_spec("langchain_ollama") is None:
        # init_chat_model would take a deprecated class from langchain-community.
        raise _missing(provider, "langchain-ollama", "or name http://127.0.0.1:11434/v1#model")
    try:
        return init_chat_model(
            model, model_provider=provider, max_retries=0, **_options(provider, policy, settings)
        )
    except ImportError as error:
        package = re.search(r"pip install ([\w\[\]-]+)", str(error))
        raise _missing(provider, package[1] if package else f"langchain-{provider}") from error
    except ValueError as error:
        if str(error).startswith("Unsupported provider"):
            raise ModelError(
                f"{provider!r} is no provider of LangChain's init_chat_model.", EXAMPLES
            ) from error
        raise


def _missing(provider: str, package: str, otherwise: str = "") -> ModelError:
    way_out = f"Run: .venv/bin/python -m pip install {package} {otherwise}".rstrip()
    return ModelError(f"{provider} needs the package {package}, which is not installed.", f"{way_out}.")


def _options(provider: str, policy: ModelsPolicy, settings: Settings) -> dict[str, Json]:
    keys = {"openai": settings.openai_api_key, "anthropic": settings.anthropic_api_key}
    key = {"api_key": keys[provider]} if keys.get(provider) else {}
    return {**key, **(_openai_options(policy) if provider == "openai" else {})}


def _openai_options(policy: ModelsPolicy) -> dict[str, Json]:
    """Retries and timeouts are ours; tokens are asked for also when streaming."""
    from models.wire import client

    return {
        "http_async_client": client(policy.max_reply_bytes),
        "stream_usage": True,
        "stream_chunk_timeout": None,
    }
