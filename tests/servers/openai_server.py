"""A server that speaks OpenAI's chat completions over loopback, and misbehaves as its script says.

    with OpenAIServer(fails(500), says('{"ok": true}')) as server:
        chat(f"{server.url}#any", ModelsPolicy(), Settings())

A script is behaviours in order; the last one repeats. A function from the request's body to a behaviour can
stand for each of them. `server.requests` holds what was asked, `server.hangups` how often a client went away.
"""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from types import TracebackType
from typing import Any, Self, TypeAlias

Body: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One request as it arrived, headers in lower case; `at` is of `time.monotonic()`."""

    path: str
    headers: Mapping[str, str]
    body: Body
    at: float

    @property
    def strategy(self) -> str:
        if "response_format" in self.body:
            return "native"
        return "tool" if self.body.get("tools") else "prompted"

    @property
    def text(self) -> str:
        return str(self.body["messages"][-1]["content"])


class Exchange(BaseHTTPRequestHandler):
    """What a behaviour works with: the request, and ways to answer it."""

    protocol_version = "HTTP/1.1"
    server: "_Listener"
    request_body: Body

    def do_POST(self) -> None:
        self.request_body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        owner = self.server.owner
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.path, headers, self.request_body, time.monotonic())
        try:
            owner.next(request)(self)
        except ConnectionError:
            owner.hung_up()

    def send(self, status: int, body: str, content_type: str, headers: Mapping[str, str]) -> None:
        encoded = body.encode("utf-8", "surrogatepass")
        self.send_response(status)
        for name, value in {"Content-Type": content_type, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def open_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def event(self, data: str) -> None:
        line = f"data: {data}\n\n".encode("utf-8", "surrogatepass")
        self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        self.wfile.flush()

    def delta(self, delta: Body, finish: str | None = None) -> None:
        self.event(json.dumps(self._part({"index": 0, "delta": delta, "finish_reason": finish})))

    def end_stream(self, finish: str, usage: tuple[int, int] | None) -> None:
        self.delta({}, finish)
        if usage and self.request_body.get("stream_options", {}).get("include_usage"):
            self.event(json.dumps({**self._part(), "usage": _usage(usage)}))
        self.event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def reset(self) -> None:
        """Close with RST, as a crashed server's kernel does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.shutdown(socket.SHUT_RD)
        self.close_connection = True
        self.wfile.close()
        self.rfile.close()
        self.connection.close()
        raise ConnectionAbortedError("reset as the script says")

    def _part(self, *choices: Body) -> Body:
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": self.request_body.get("model", ""),
            "choices": list(choices),
        }

    def finish(self) -> None:
        with suppress(ConnectionError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name of the base class
        """Be silent."""


Behaviour: TypeAlias = Callable[[Exchange], None]
Choice: TypeAlias = Behaviour | Callable[[Body], Behaviour]


class _Listener(ThreadingHTTPServer):
    owner: "OpenAIServer"
    daemon_threads = True
    request_queue_size = 128  # a crowd connects at once, and with 5 some are refused

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are expected here."""


@dataclass
class OpenAIServer:
    """The server; a context manager that is up while it is open."""

    script: list[Behaviour]
    choose: Callable[[Body], Behaviour] | None
    requests: list[Request] = field(default_factory=list)

    def __init__(self, *script: Behaviour, choose: Callable[[Body], Behaviour] | None = None) -> None:
        """Take the behaviours in order, or a function that chooses one for each request's body."""
        self.script, self.choose, self.requests = list(script), choose, []
        self.closing = threading.Event()
        self._arrivals, self._hangups = threading.Semaphore(0), threading.Semaphore(0)
        self._listener = _Listener(("127.0.0.1", 0), Exchange)
        self._listener.owner = self
        self._thread = threading.Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.02})
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.server_port}/v1"

    def next(self, request: Request) -> Behaviour:
        self.requests.append(request)
        self._arrivals.release()
        if self.choose:
            return self.choose(request.body)
        with self._lock:
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def hung_up(self) -> None:
        self._hangups.release()

    def wait_for_request(self, timeout: float = 5.0) -> bool:
        """Wait until one more request has arrived."""
        return self._arrivals.acquire(timeout=timeout)

    def wait_for_hangup(self, timeout: float = 5.0) -> bool:
        """Wait until a client has closed a connection before its reply was complete."""
        return self._hangups.acquire(timeout=timeout)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join()


def says(
    text: str, *, piece: int = 20, finish: str = "stop", usage: tuple[int, int] | None = (11, 7)
) -> Behaviour:
    """Stream a text in pieces of so many characters; None for usage reports no tokens."""

    def behave(exchange: Exchange) -> None:
        exchange.open_stream()
        exchange.delta({"role": "assistant", "content": ""})
        for start in range(0, len(text), piece):
            exchange.delta({"content": text[start : start + piece]})
        exchange.end_stream(finish, usage)

    return behave


def calls(*arguments: str, name: str | None = None) -> Behaviour:
    """Stream a tool call for each text of arguments, of the tool that was offered."""

    def behave(exchange: Exchange) -> None:
        offered = exchange.request_body.get("tools") or [{"function": {"name": "unasked"}}]
        called = name or offered[0]["function"]["name"]
        exchange.open_stream()
        exchange.delta({"role": "assistant", "content": None})
        for index, text in enumerate(arguments):
            for part in _call(index, called, text):
                exchange.delta({"tool_calls": [part]})
        exchange.end_stream("tool_calls", (11, 7))

    return behave


def obeys(text: str) -> Behaviour:
    """Reply with the text in the way that was asked for."""

    def behave(exchange: Exchange) -> None:
        (calls(text) if exchange.request_body.get("tools") else says(text))(exchange)

    return behave


def replies(text: str = "", **called: Body) -> Behaviour:
    """Reply in one piece, as to a request that does not stream: a text, or calls of tools by name."""

    def behave(exchange: Exchange) -> None:
        asked = [
            {
                "id": f"call_{name}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(args)},
            }
            for name, args in called.items()
        ]
        message = {"role": "assistant", "content": text, **({"tool_calls": asked} if asked else {})}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if asked else "stop"}
        whole = {**exchange._part(choice), "object": "chat.completion", "usage": _usage((11, 7))}
        exchange.send(200, json.dumps(whole), "application/json", {})

    return behave


def refuses(reason: str) -> Behaviour:
    """Refuse in OpenAI's own field."""

    def behave(exchange: Exchange) -> None:
        exchange.open_stream()
        exchange.delta({"role": "assistant", "content": None, "refusal": reason})
        exchange.end_stream("stop", (11, 7))

    return behave


def fails(status: int, message: str = "as the script says", **headers: str) -> Behaviour:
    """Answer with an HTTP error; `retry_after="1"` becomes the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def behave(exchange: Exchange) -> None:
        body = {"error": {"message": message, "type": "error", "code": None, "param": None}}
        exchange.send(status, json.dumps(body), "application/json", named)

    return behave


def rejects(*fields: str, otherwise: Behaviour) -> Behaviour:
    """Answer 400 to a request that has one of the fields, such as `response_format`."""

    def behave(exchange: Exchange) -> None:
        unknown = [name for name in fields if name in exchange.request_body]
        (fails(400, f"unknown field {unknown[0]}") if unknown else otherwise)(exchange)

    return behave


def hangs(*said: str) -> Behaviour:
    """Say some pieces and then nothing more; without pieces not even the headers come."""

    def behave(exchange: Exchange) -> None:
        if said:
            exchange.open_stream()
        for piece in said:
            exchange.delta({"content": piece})
        exchange.server.owner.closing.wait()

    return behave


def drips(seconds: float, piece: str = "x") -> Behaviour:
    """Say a piece every so many seconds, for ever."""

    def behave(exchange: Exchange) -> None:
        exchange.open_stream()
        while not exchange.server.owner.closing.wait(seconds):
            exchange.delta({"content": piece})

    return behave


def resets(*said: str) -> Behaviour:
    """Say some pieces and then lose the connection."""

    def behave(exchange: Exchange) -> None:
        if said:
            exchange.open_stream()
        for piece in said:
            exchange.delta({"content": piece})
        exchange.reset()

    return behave


def streams(*events: str) -> Behaviour:
    """Send the data of events as they stand, such as broken JSON."""

    def behave(exchange: Exchange) -> None:
        exchange.open_stream()
        for data in events:
            exchange.event(data)
        exchange.wfile.write(b"0\r\n\r\n")

    return behave


def sends(body: str, content_type: str = "text/html", status: int = 200) -> Behaviour:
    """Answer with one body that is no stream of events."""

    def behave(exchange: Exchange) -> None:
        exchange.send(status, body, content_type, {})

    return behave


def floods(total: int, piece: int = 65_536) -> Behaviour:
    """Say so many bytes of a JSON string that never ends."""

    def behave(exchange: Exchange) -> None:
        exchange.open_stream()
        for _ in _pieces(total, piece):
            exchange.delta({"content": "x" * piece})
        exchange.end_stream("stop", None)

    return behave


def floods_line(total: int, piece: int = 65_536) -> Behaviour:
    """Send so many bytes as one event that never ends."""

    def behave(exchange: Exchange) -> None:
        exchange.open_stream()
        for _ in _pieces(total, piece):
            exchange.wfile.write(f"{piece:x}\r\n".encode() + b"x" * piece + b"\r\n")

    return behave


def _pieces(total: int, piece: int) -> Iterable[int]:
    return (start for start in count(0, piece)) if total < 0 else range(0, total, piece)


def _call(index: int, name: str, text: str) -> Iterator[Body]:
    half = len(text) // 2
    yield {
        "index": index,
        "id": f"call_{index}",
        "type": "function",
        "function": {"name": name, "arguments": text[:half]},
    }
    yield {"index": index, "function": {"arguments": text[half:]}}


def _usage(usage: tuple[int, int]) -> Body:
    return {
        "prompt_tokens": usage[0],
        "completion_tokens": usage[1],
        "total_tokens": sum(usage),
    }
