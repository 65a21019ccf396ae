"""Credentials: keys, tokens and passwords in a text."""

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from string import ascii_letters, digits
from typing import NamedTuple, TypeAlias

from models.tokens import assigned, tokens

Span: TypeAlias = tuple[str, int, int]
"""Kind, start, end."""


class Plugin(NamedTuple):
    """A detector of detect-secrets; its entropy and keyword detectors are left out: prose sets them off."""

    kind: str
    path: str
    """Module and class below `detect_secrets.plugins`."""
    marks: tuple[str, ...]
    """A match holds one of these; a text without any need not be searched."""


GITLAB = (
    *("glpat-", "gldt-", "glft-", "glsoat-", "glrt-", "GR1348941"),
    *("glcbt-", "glimt-", "glptt-", "glagent-", "gloas-"),
)
PLUGINS = (
    Plugin("aws_key", "aws.AWSKeyDetector", ("AKIA", "ASIA", "ABIA", "ACCA", "A3T", "aws", "AWS")),
    Plugin("azure_key", "azure_storage_key.AzureStorageKeyDetector", ("AccountKey=",)),
    Plugin("url_password", "basic_auth.BasicAuthDetector", ("://",)),
    Plugin("discord_token", "discord.DiscordBotTokenDetector", (".",)),
    Plugin("github_token", "github_token.GitHubTokenDetector", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
    Plugin("gitlab_token", "gitlab_token.GitLabTokenDetector", GITLAB),
    Plugin("mailchimp_key", "mailchimp.MailchimpDetector", ("-us",)),
    Plugin("pypi_token", "pypi_token.PypiTokenDetector", ("pypi-Ag",)),
    Plugin("sendgrid_key", "sendgrid.SendGridDetector", ("SG.",)),
    Plugin("slack_token", "slack.SlackDetector", ("xox", "hooks.slack.com")),
    Plugin("square_secret", "square_oauth.SquareOAuthDetector", ("sq0csp-",)),
    Plugin("stripe_key", "stripe.StripeDetector", ("sk_live_", "rk_live_")),
    # Without the mark, a time stamp before a hash looks like a token.
    Plugin("telegram_token", "telegram_token.TelegramBotTokenDetector", (":AA",)),
    Plugin("twilio_key", "twilio.TwilioKeyDetector", ("AC", "SK")),
)

TOKEN_CHARACTERS = frozenset(ascii_letters + digits + "_-")


def credentials(text: str) -> Iterator[Span]:
    """Find keys, tokens and passwords; the spans may overlap."""
    for plugin in PLUGINS:
        if any(mark in text for mark in plugin.marks):
            yield from _plugged(plugin, text)
    yield from tokens(text)
    yield from assigned(text)


def _plugged(plugin: Plugin, text: str) -> Iterator[Span]:
    for pattern in _patterns(plugin.path):
        at = 0
        while match := pattern.search(text, at):
            start, at = match.span()
            if not any(mark in match[0] for mark in plugin.marks):
                continue
            if plugin.kind == "url_password":
                yield plugin.kind, *match.span(1)
                continue
            # The patterns are of a fixed length, and some tokens have grown longer since.
            while at < len(text) and text[at] in TOKEN_CHARACTERS:
                at += 1
            yield plugin.kind, start, at


@cache
def _patterns(path: str) -> tuple[re.Pattern[str], ...]:
    module, name = path.split(".")
    return tuple(getattr(import_module(f"detect_secrets.plugins.{module}"), name).denylist)
