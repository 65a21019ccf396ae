"""Which runs the LangGraph server says that it has begun."""

import json
import re
from typing import Any, NamedTuple

from starlette.types import Message

MAX_BYTES = 5_000_000
"""Of a response that is read for its runs."""
LOCATION = re.compile(r"/threads/(?P<thread>[0-9a-f-]{36})/runs/(?P<run>[0-9a-f-]{36})$")
"""In Content-Location, of runs that are streamed, waited for or begun on a thread."""
THREAD = re.compile(r"/threads/(?P<thread>[^/]+)/")


class Begun(NamedTuple):
    """A run of a thread; one without a thread of its own names the thread that it is given."""

    thread: str
    run: str


class Response:
    """The messages of one response, as the server sends them."""

    def __init__(self, path: str) -> None:
        """Take the path of the request, which names the thread of a command."""
        thread = THREAD.search(path)
        self._thread = thread["thread"] if thread else None
        self._located: Begun | None = None
        self._body: bytearray | None = None

    def see(self, message: Message) -> None:
        """Take note of one message."""
        if message["type"] == "http.response.start":
            headers = {name.lower(): value.decode("latin-1") for name, value in message["headers"]}
            if location := LOCATION.search(headers.get(b"content-location", "")):
                self._located = Begun(location["thread"], location["run"])
            elif headers.get(b"content-type", "").startswith("application/json") and message["status"] < 300:
                self._body = bytearray()
        elif message["type"] == "http.response.body" and self._body is not None:
            body = message.get("body", b"")
            self._body = self._body + body if len(self._body) + len(body) <= MAX_BYTES else None

    def runs(self) -> list[Begun]:
        """The runs that it said were begun."""
        if self._located:
            return [self._located]
        return begun(bytes(self._body or b""), self._thread)


def begun(text: bytes | str, thread: str | None) -> list[Begun]:
    """The runs that a JSON text names: a run, a batch of them, or the result of a command on a thread."""
    try:
        said: Any = json.loads(text)
    except ValueError:
        return []
    records = said if isinstance(said, list) else [said.get("result", said) if isinstance(said, dict) else {}]
    found = [
        Begun(str(record.get("thread_id") or thread), str(record["run_id"]))
        for record in records
        if isinstance(record, dict) and record.get("run_id") and (record.get("thread_id") or thread)
    ]
    return list(dict.fromkeys(found))
