"""The web: the tool `fetch_url`, which reads text from hosts that the policy names.

A name is resolved once, its address checked, and the connection goes to exactly that address under the
name (`Host` and TLS server name), so that a name that resolves to something else a moment later gains
nothing. Every redirect starts over. Nothing is sent along: no cookies, no credentials, no proxy.
"""

import asyncio
import re
import ssl
import zlib
from contextlib import aclosing
from functools import cache

import httpx2
from pydantic import BaseModel, ConfigDict, Field

from state.local_policy import WebHost, WebPolicy
from tools.address import Resolve, look_up, resolved
from tools.capability import Caller, Capability, ToolError, typed

DEFAULT_PORTS = {"http": 80, "https": 443}
REDIRECTS = frozenset({301, 302, 303, 307, 308})
TEXT = re.compile(r"text/[a-z0-9.+-]+|application/(?:[a-z0-9.+-]+\+)?(?:json|xml)")
HEADERS = {
    "User-Agent": "warrant",
    "Accept": "text/*, application/json, application/xml;q=0.9, */*;q=0.1",
    "Accept-Encoding": "gzip",
}
GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
URL_WAY_OUT = "Give a plain address such as https://example.org/page."


class Address(BaseModel):
    """Which page is read, and how much of it."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(min_length=1, max_length=2_000, description="Address of the page, with its scheme.")
    start: int = Field(default=0, ge=0, le=100_000_000, description="Offset of the first character.")
    characters: int = Field(default=20_000, ge=1, le=50_000, description="How many characters at most.")


class Page(BaseModel):
    """What the server sent."""

    url: str = Field(description="Where it came from, after redirects.")
    content_type: str
    text: str = Field(description="The part that was asked for, as the server sent it.")
    total: int = Field(description="Characters of the whole page.")


def fetch_url(
    policy: WebPolicy, resolve: Resolve = look_up, trust: ssl.SSLContext | None = None
) -> Capability:
    """The tool `fetch_url`.

    Args:
        policy: Which hosts may be read, and the bounds.
        resolve: Resolver of host names.
        trust: Which certificates are believed; those of the system if it is not given.
    """

    async def run(address: Address, _caller: Caller) -> Page:
        try:
            async with asyncio.timeout(policy.seconds):
                believed = await asyncio.to_thread(_system_trust) if trust is None else trust
                return await _fetch(address, policy, resolve, believed)
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise ToolError(
                f"The server took longer than {policy.seconds:g} s.", "Try again, or raise web.seconds."
            ) from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise ToolError(
                f"The page cannot be read: {error}.", "Check the address, or try again."
            ) from error

    description = f"Reads a text page from one of these hosts: {_shown(policy)}."
    return typed("fetch_url", description, Address, Page, run, control=("url",))


def _shown(policy: WebPolicy) -> str:
    return ", ".join(dict.fromkeys(host.name for host in policy.hosts))


@cache
def _system_trust() -> ssl.SSLContext:
    return ssl.create_default_context()


async def _fetch(address: Address, policy: WebPolicy, resolve: Resolve, trust: ssl.SSLContext) -> Page:
    url = _parsed(address.url)
    for _ in range(policy.redirects + 1):
        port = url.port or DEFAULT_PORTS[url.scheme]
        host = _allowed(url, port, policy)
        ip = await resolved(host.name, port, host.private, resolve)
        # A client of its own for each hop, so that no cookie is sent back.
        async with httpx2.AsyncClient(verify=trust, trust_env=False, timeout=policy.seconds) as client:
            response = await client.send(_request(client, url, ip), stream=True)
            async with aclosing(response):
                if response.status_code not in REDIRECTS:
                    return await _page(address, url, response, policy.bytes)
                url = _parsed(str(url.join(response.headers.get("Location", ""))))
    raise ToolError(f"There are more than {policy.redirects} redirects.", "Give the address they lead to.")


def _parsed(text: str) -> httpx2.URL:
    """The address, if there is one way to read it."""
    if not text.isprintable() or " " in text or "\\" in text:
        raise ToolError("The address has blanks, backslashes or control characters.", URL_WAY_OUT)
    url = httpx2.URL(text)
    if url.scheme not in DEFAULT_PORTS or not url.host:
        raise ToolError(f"{text[:80]!r} is not an address of the web.", URL_WAY_OUT)
    if url.userinfo:
        raise ToolError("The address holds a user name or password.", URL_WAY_OUT)
    return url.copy_with(fragment=None)


def _allowed(url: httpx2.URL, port: int, policy: WebPolicy) -> WebHost:
    name = url.raw_host.decode("ascii")
    for host in policy.hosts:
        ports = host.ports or (DEFAULT_PORTS[url.scheme],)
        if host.name == name and url.scheme in host.schemes and port in ports:
            return host
    raise ToolError(
        f"{url.scheme} on port {port} of the host {name} is not allowed.",
        f"Allowed are: {_shown(policy)}. web.hosts in policy.toml names them.",
    )


def _request(client: httpx2.AsyncClient, url: httpx2.URL, ip: str) -> httpx2.Request:
    """A request that goes to this IP address under the name of the URL."""
    return client.build_request(
        "GET",
        url.copy_with(host=ip),
        headers={**HEADERS, "Host": url.netloc.decode("ascii")},
        extensions={"sni_hostname": url.raw_host.decode("ascii")},
    )


async def _page(address: Address, url: httpx2.URL, response: httpx2.Response, limit: int) -> Page:
    if not response.is_success:
        raise ToolError(f"The server answered {response.status_code}.", "Check the address.")
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not TEXT.fullmatch(kind):
        raise ToolError(f"The page is {kind or 'of no type'}, not text.", "Ask for a text page.")
    text = _text(await _body(response, limit), response.charset_encoding)
    if address.start and address.start >= len(text):
        raise ToolError(
            f"The page has {len(text)} characters, so none at {address.start}.", "Start before its end."
        )
    part = text[address.start : address.start + address.characters]
    return Page(url=str(url), content_type=kind, text=part, total=len(text))


def _text(body: bytes, charset: str | None) -> str:
    try:
        return body.decode(charset or "utf-8", "replace")
    except LookupError:
        return body.decode("utf-8", "replace")


async def _body(response: httpx2.Response, limit: int) -> bytes:
    """What was sent, decompressed, never holding more than the bound of it."""
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip", "deflate"):
        raise ToolError(f"The page is compressed with {coding}.", "Ask for another page.")
    unpack = zlib.decompressobj(GZIP_OR_ZLIB)
    body = bytearray()
    try:
        async for chunk in response.aiter_raw():
            body += chunk if coding == "identity" else unpack.decompress(chunk, limit + 1 - len(body))
            if len(body) > limit or unpack.unconsumed_tail:
                raise ToolError(f"The page has more than {limit} bytes.", "Raise web.bytes in policy.toml.")
    except zlib.error as error:
        raise ToolError("The page is not compressed as it says.", "Ask for another page.") from error
    return bytes(body)
