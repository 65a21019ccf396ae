"""Reading the web: only hosts of the policy, only public addresses, bounded in size, time and redirects."""

import asyncio
import gzip
import ssl
import subprocess
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.local_policy import WebPolicy
from state.schema import violations
from tests.tools.attacks import CASES
from tools.address import is_public
from tools.capability import Caller, ToolError
from tools.web import fetch_url

PUBLIC = "93.184.215.14"


@dataclass
class Reply:
    """What a server answers."""

    body: bytes = b"hello"
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/plain; charset=utf-8"})
    drip_seconds: float = 0


class WebServer:
    """A server on the loopback interface that keeps what it hears."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.replies: dict[str, Reply] = {}
        self.heard: list[tuple[str, dict[str, str]]] = []
        self.connections = 0
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.http.daemon_threads = True
        if tls:
            self.http.socket = tls.wrap_socket(self.http.socket, server_side=True)

    @property
    def port(self) -> int:
        return self.http.server_port


def _handler(server: WebServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def setup(self) -> None:
            server.connections += 1
            super().setup()

        def do_GET(self) -> None:
            server.heard.append((self.path, dict(self.headers)))
            reply = server.replies.get(self.path, Reply())
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            for byte in reply.body if reply.drip_seconds else ():
                self.wfile.write(bytes([byte]))
                time.sleep(reply.drip_seconds)
            if not reply.drip_seconds:
                self.wfile.write(reply.body)

        def log_message(self, *args: Any) -> None:
            pass

        def handle(self) -> None:
            with suppress(ConnectionError):
                super().handle()

    return Handler


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[WebServer]:
    server = WebServer(tls)
    threading.Thread(target=server.http.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()


@pytest.fixture
def server() -> Iterator[WebServer]:
    with serving() as made:
        yield made


class Resolver:
    """Gives one answer after the other, the last one for ever, and keeps what it was asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, name: str, port: int) -> list[str]:
        self.asked.append(name)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def policy(server: WebServer, **more: Any) -> WebPolicy:
    """`docs.test` is a public host, `here.test` one on this machine."""
    hosts = [
        {"name": "docs.test"},
        {"name": "docs.test", "schemes": ["http"], "ports": [server.port]},
        {"name": "here.test", "schemes": ["http"], "ports": [server.port], "private": True},
    ]
    return WebPolicy.model_validate({"hosts": hosts, **more})


def fetch(server: WebServer, url: str, *answers: list[str], **more: Any) -> dict[str, Any]:
    args = {name: more.pop(name) for name in ("start", "characters") if name in more}
    tool = fetch_url(policy(server, **more), Resolver(*answers or (["127.0.0.1"],)))
    assert violations(tool.input_schema, {"url": url, **args}) == []
    output: dict[str, Any] = asyncio.run(tool.call({"url": url, **args}, Caller()))
    assert violations(tool.output_schema, output) == []
    return output


def here(server: WebServer, path: str) -> str:
    return f"http://here.test:{server.port}{path}"


@pytest.mark.parametrize("case", CASES["url"], ids=lambda case: f"{case['url']!r} {case.get('leads_to', '')}")
def test_an_address_that_is_not_allowed_is_refused_and_nobody_hears_of_it(
    case: dict[str, Any], server: WebServer
) -> None:
    with pytest.raises(ToolError, match=case["reason"]) as refusal:
        fetch(server, case["url"].replace("{port}", str(server.port)), case.get("leads_to", [PUBLIC]))
    assert refusal.value.way_out
    assert server.connections == 0


REDIRECTED = [case for case in CASES["url"] if case["url"].isprintable() and "only_direct" not in case]


@pytest.mark.parametrize("case", REDIRECTED, ids=lambda case: f"{case['url']!r} {case.get('leads_to', '')}")
def test_a_redirect_to_it_is_refused_and_goes_no_further(case: dict[str, Any], server: WebServer) -> None:
    location = case["url"].replace("{port}", str(server.port)).encode().decode("latin-1")
    server.replies["/go"] = Reply(status=302, headers={"Location": location})
    with pytest.raises(ToolError):
        fetch(server, here(server, "/go"), ["127.0.0.1"], case.get("leads_to", [PUBLIC]))
    assert [path for path, _ in server.heard] == ["/go"]
    assert server.connections == 1


def test_a_page_is_read_and_nothing_is_sent_along(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.replies["/a?b=c"] = Reply("Grüße".encode())
    page = fetch(server, here(server, "/a?b=c") + "#part")
    assert page == {
        "url": here(server, "/a?b=c"),
        "content_type": "text/plain",
        "text": "Grüße",
        "total": 5,
    }
    [(_, headers)] = server.heard
    assert headers["Host"] == f"here.test:{server.port}"
    assert set(headers) == {"Host", "Connection", "User-Agent", "Accept", "Accept-Encoding"}


def test_a_name_is_resolved_once_and_the_connection_goes_to_what_was_checked(server: WebServer) -> None:
    resolver = Resolver(["127.0.0.1"], ["127.0.0.99"])
    tool = fetch_url(policy(server), resolver)
    assert asyncio.run(tool.call({"url": here(server, "/")}, Caller()))["text"] == "hello"
    assert resolver.asked == ["here.test"]


def test_a_name_that_becomes_private_after_a_redirect_is_refused(server: WebServer) -> None:
    server.replies["/go"] = Reply(status=307, headers={"Location": f"http://docs.test:{server.port}/inner"})
    with pytest.raises(ToolError, match=r"leads to 127\.0\.0\.1"):
        fetch(server, here(server, "/go"), ["127.0.0.1"])
    assert [path for path, _ in server.heard] == ["/go"]


def test_a_cookie_is_not_sent_back(server: WebServer) -> None:
    server.replies["/go"] = Reply(status=302, headers={"Location": "/next", "Set-Cookie": "id=1; Path=/"})
    assert fetch(server, here(server, "/go"))["url"] == here(server, "/next")
    assert [path for path, _ in server.heard] == ["/go", "/next"]
    assert "Cookie" not in server.heard[1][1]


def test_redirects_are_bounded(server: WebServer) -> None:
    server.replies["/loop"] = Reply(status=301, headers={"Location": "/loop"})
    with pytest.raises(ToolError, match="more than 2 redirects"):
        fetch(server, here(server, "/loop"), redirects=2)
    assert len(server.heard) == 3


def test_a_part_of_a_page_is_read(server: WebServer) -> None:
    server.replies["/"] = Reply(b"0123456789")
    page = fetch(server, here(server, "/"), start=3, characters=4)
    assert (page["text"], page["total"]) == ("3456", 10)
    with pytest.raises(ToolError, match="has 10 characters"):
        fetch(server, here(server, "/"), start=10)


TEXT = {"Content-Type": "text/plain"}


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"x" * 20_000),
        Reply(gzip.compress(b"x" * 50_000_000), headers={**TEXT, "Content-Encoding": "gzip"}),
    ],
    ids=["plain", "bomb"],
)
def test_a_page_that_is_too_large_is_refused(server: WebServer, reply: Reply) -> None:
    server.replies["/large"] = reply
    with pytest.raises(ToolError, match="more than 10000 bytes"):
        fetch(server, here(server, "/large"), bytes=10_000)


def test_a_compressed_giant_is_never_held(server: WebServer) -> None:
    bomb = gzip.compress(b"x" * 50_000_000)
    server.replies["/large"] = Reply(bomb, headers={**TEXT, "Content-Encoding": "gzip"})
    fetch(server, here(server, "/"))  # what is imported lazily does not count
    tracemalloc.start()
    try:
        with pytest.raises(ToolError, match="more than 10000 bytes"):
            fetch(server, here(server, "/large"), bytes=10_000)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_compressed_page_is_read(server: WebServer) -> None:
    body = b"abc" * 3_000
    server.replies["/small"] = Reply(gzip.compress(body), headers={**TEXT, "Content-Encoding": "gzip"})
    assert fetch(server, here(server, "/small"), bytes=9_000)["text"] == body.decode()


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(status=404), "answered 404"),
        (Reply(status=500), "answered 500"),
        (Reply(headers={"Content-Type": "image/png"}), "is image/png, not text"),
        (Reply(headers={"Content-Type": "application/octet-stream"}), "not text"),
        (Reply(headers={}), "of no type, not text"),
        (Reply(headers={**TEXT, "Content-Encoding": "br"}), "compressed with br"),
        (Reply(b"no gzip", headers={**TEXT, "Content-Encoding": "gzip"}), "not compressed as it says"),
    ],
)
def test_another_answer_is_an_error_that_says_so(server: WebServer, reply: Reply, reason: str) -> None:
    server.replies["/"] = reply
    with pytest.raises(ToolError, match=reason):
        fetch(server, here(server, "/"))


@pytest.mark.parametrize(
    "kind", ["text/html", "TEXT/Markdown; charset=latin-1", "application/json", "application/atom+xml"]
)
def test_text_of_many_kinds_is_read(server: WebServer, kind: str) -> None:
    server.replies["/"] = Reply(headers={"Content-Type": kind})
    assert fetch(server, here(server, "/"))["text"] == "hello"


def test_an_unknown_charset_is_read_as_utf_8(server: WebServer) -> None:
    server.replies["/"] = Reply("ü\xff".encode(), headers={"Content-Type": "text/plain; charset=nonsense"})
    assert fetch(server, here(server, "/"))["text"] == "üÿ"


def test_a_server_that_drips_is_cut_off(server: WebServer) -> None:
    server.replies["/"] = Reply(b"x" * 100, drip_seconds=0.1)
    begun = time.monotonic()
    with pytest.raises(ToolError, match=r"longer than 0\.5 s"):
        fetch(server, here(server, "/"), seconds=0.5)
    assert time.monotonic() - begun < 3


def test_a_server_that_is_gone_is_an_error(server: WebServer) -> None:
    server.http.shutdown()
    server.http.server_close()
    with pytest.raises(ToolError, match="cannot be read"):
        fetch(server, here(server, "/"))


def test_a_name_that_does_not_exist_is_said() -> None:
    made = WebPolicy.model_validate({"hosts": [{"name": "none.invalid"}]})

    async def nothing(name: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    with pytest.raises(ToolError, match=r"host none\.invalid cannot be found"):
        asyncio.run(fetch_url(made, nothing).call({"url": "https://none.invalid/"}, Caller()))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a self-signed certificate for `secure.test`, in one file."""
    made = tmp_path_factory.mktemp("tls") / "both.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=secure.test"
    )
    subprocess.run(
        [
            *command.split(),
            "-addext",
            "subjectAltName=DNS:secure.test",
            "-keyout",
            made,
            "-out",
            f"{made}.crt",
        ],
        check=True,
        capture_output=True,
    )
    made.write_text(made.read_text("ascii") + Path(f"{made}.crt").read_text("ascii"), "ascii")
    return made


def secure(port: int, name: str, trust: ssl.SSLContext | None) -> str:
    host = {"name": name, "ports": [port], "private": True}
    tool = fetch_url(WebPolicy.model_validate({"hosts": [host]}), Resolver(["127.0.0.1"]), trust)
    return str(asyncio.run(tool.call({"url": f"https://{name}:{port}/"}, Caller()))["text"])


def test_tls_is_checked_against_the_name_though_the_connection_goes_to_an_address(certificate: Path) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    names: list[str | None] = []
    tls.sni_callback = lambda _socket, name, _context: names.append(name)
    trust = ssl.create_default_context(cafile=f"{certificate}.crt")
    with serving(tls) as server:
        assert secure(server.port, "secure.test", trust) == "hello"
        assert names == ["secure.test"]
        assert server.heard[0][1]["Host"] == f"secure.test:{server.port}"
        with pytest.raises(ToolError, match="Hostname mismatch"):
            secure(server.port, "other.test", trust)
        with pytest.raises(ToolError, match="self-signed"):
            secure(server.port, "secure.test", None)
        assert len(server.heard) == 1


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_never_public(address: Any) -> None:
    assert not is_public(f"::ffff:{address}")
    assert not is_public(f"64:ff9b::{address}")
    assert not is_public(f"::{address}")
