"""The limits of each caller: in the real LangGraph dev server, and their details on plain ASGI."""

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncLangGraphClient
from langgraph_sdk.errors import RateLimitError
from starlette.types import Message, Receive, Scope, Send

from app.begun import Begun, begun
from app.callers import Callers, identity
from app.http import CallerLimits, http
from state.policy import HttpPolicy
from state.settings import PROJECT
from tests.servers.openai_server import OpenAIServer, hangs
from tests.servers.processes import DevServer, langgraph_dev

THREAD, RUN = "0199aaaa-0000-7000-8000-000000000001", "0199aaaa-0000-7000-8000-000000000002"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Server:
    """What lies behind the limits: answers at once, or streams until it is told to end."""

    def __init__(self, headers: dict[str, str] | None = None, body: object = None) -> None:
        self.headers, self.body, self.asked = headers or {}, body, list[str]()
        self.end = asyncio.Event()
        self.finished = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        headers = {"content-type": "application/json", **self.headers}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        if scope["path"].endswith("/stream"):
            await self.end.wait()
        await send({"type": "http.response.body", "body": json.dumps(self.body).encode()})

    async def wait(self, _run: Begun) -> None:
        await self.finished.wait()


class Door:
    """A caller's way to a server with limits."""

    def __init__(self, server: Server, clock: Clock | None = None, **policy: Any) -> None:
        self.callers = Callers(HttpPolicy(**policy), clock or Clock())
        self.app = CallerLimits(server, lambda: self.callers, server.wait)

    async def ask(
        self, path: str, method: str = "POST", client: str = "10.0.0.1", **more: Any
    ) -> tuple[int, dict[str, str], Any]:
        headers = more.pop("headers", {})
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "headers": raw,
            "client": (client, 1),
            **more,
        }
        sent = list[Message]()

        async def receive() -> Message:
            return {"type": "http.request"}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], found, json.loads(sent[-1]["body"])

    async def status(self, *args: Any, **more: Any) -> int:
        return (await self.ask(*args, **more))[0]


def test_one_request_too_many_in_a_minute_is_told_when_to_come_back() -> None:
    async def main() -> None:
        clock = Clock()
        door = Door(Server(), clock, requests_per_minute=2)
        assert [await door.status("/threads/search") for _ in range(2)] == [200, 200]
        clock.now = 12.5
        status, headers, body = await door.ask("/threads/search")
        assert (status, headers["retry-after"]) == (429, "48")
        assert body == {"detail": "More than 2 requests in a minute. Come back in 48 s."}
        assert await door.status("/threads/search", client="10.0.0.2") == 200
        clock.now = 60
        assert await door.status("/threads/search") == 200

    asyncio.run(main())


def test_health_checks_preflights_and_the_server_itself_are_not_counted() -> None:
    async def main() -> None:
        door = Door(Server(), requests_per_minute=1)
        for _ in range(3):
            assert await door.status("/ok", "GET") == 200
            assert await door.status("/runs", "OPTIONS") == 200
            assert await door.status("/runs", root_path="/noauth") == 200
        assert len(door.callers) == 0

    asyncio.run(main())


def test_a_stream_keeps_its_place_until_it_ends() -> None:
    async def main() -> None:
        server = Server()
        door = Door(server, concurrent_runs=2)
        streams = [asyncio.create_task(door.status("/runs/stream")) for _ in range(2)]
        await asyncio.sleep(0)
        status, headers, body = await door.ask("/runs/stream")
        assert (status, headers["retry-after"]) == (429, "1")
        assert body["detail"].startswith("At most 2 runs of one caller go on at once. Wait for one to end")
        assert await door.status("/threads/search") == 200
        assert await door.status("/runs/wait", client="10.0.0.2") == 200
        server.end.set()
        assert [await each for each in streams] == [200, 200]
        assert await door.status("/runs/stream") == 200

    asyncio.run(main())


def test_a_stream_whose_client_goes_away_gives_its_place_back() -> None:
    async def main() -> None:
        door = Door(Server(), concurrent_runs=1)
        stream = asyncio.create_task(door.status(f"/threads/{THREAD}/stream", "GET"))
        await asyncio.sleep(0)
        assert await door.status(f"/threads/{THREAD}/runs/{RUN}/join", "GET") == 429
        stream.cancel()
        await asyncio.wait([stream])
        assert await door.status(f"/threads/{THREAD}/runs/{RUN}/join", "GET") == 200

    asyncio.run(main())


@pytest.mark.parametrize(
    ("path", "headers", "body", "places"),
    [
        ("/runs/wait", {"content-location": f"/threads/{THREAD}/runs/{RUN}"}, {}, 1),
        (
            f"/threads/{THREAD}/runs",
            {"content-location": f"/threads/{THREAD}/runs/{RUN}"},
            {"run_id": RUN},
            1,
        ),
        ("/runs", {"content-location": f"/runs/{RUN}"}, {"run_id": RUN, "thread_id": THREAD}, 1),
        (f"/threads/{THREAD}/commands", {}, {"type": "success", "result": {"run_id": RUN}}, 1),
        ("/runs/batch", {}, [{"run_id": str(n), "thread_id": THREAD} for n in range(3)], 3),
    ],
)
def test_a_run_keeps_its_place_beyond_its_response(
    path: str, headers: dict[str, str], body: object, places: int
) -> None:
    async def main() -> None:
        server = Server(headers, body)
        door = Door(server, concurrent_runs=places)
        assert await door.status(path) == 200
        assert await door.status("/runs/wait") == 429
        server.finished.set()
        await asyncio.gather(*door.app._outliving)
        assert await door.status("/runs/wait") == 200

    asyncio.run(main())


def test_a_socket_is_refused_with_429_or_closed_and_its_commands_count() -> None:
    async def connect(door: Door, extensions: dict[str, Any], *frames: str) -> list[Message]:
        sent, given = list[Message](), [{"type": "websocket.receive", "text": frame} for frame in frames]
        path = f"/threads/{THREAD}/stream/events"
        scope = {"type": "websocket", "path": path, "headers": [], "client": ("10.0.0.1", 1)}

        async def receive() -> Message:
            return given.pop(0)

        async def send(message: Message) -> None:
            sent.append(message)

        await door.app({**scope, "extensions": extensions}, receive, send)
        return sent

    class Echo(Server):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            while (message := await receive())["type"] == "websocket.receive":
                answer = {"type": "success", "result": {"run_id": message["text"]}}
                await send({"type": "websocket.send", "text": json.dumps(answer)})
            await send({"type": "websocket.close", "code": message["code"]})

    async def main() -> None:
        door = Door(Echo(), requests_per_minute=4, concurrent_runs=2)
        sent = await connect(door, {}, "r1", "r2", "r3")
        assert [each["type"] for each in sent] == ["websocket.send"] * 2 + ["websocket.close"]
        assert sent[-1]["code"] == 1013
        [close] = await connect(door, {})
        assert (close["type"], close["code"]) == ("websocket.close", 1013)
        start, _body = await connect(door, {"websocket.http.response": {}})
        assert (start["type"], start["status"]) == ("websocket.http.response.start", 429)

    asyncio.run(main())


class User:
    is_authenticated = True
    identity = "ada"


def test_who_a_caller_is() -> None:
    scope = {"headers": [(b"x-api-key", b"secret")], "client": ("10.0.0.1", 1)}
    assert identity({**scope, "user": User()}, "x-api-key") == "user ada"
    assert identity(scope, None) == "address 10.0.0.1"
    keyed = identity(scope, "x-api-key")
    assert keyed.startswith("key ")
    assert "secret" not in keyed
    assert identity({**scope, "client": ("10.0.0.2", 1)}, "x-api-key") == keyed
    assert identity({"headers": [], "client": None}, "x-api-key") == "address unknown"


@given(st.lists(st.tuples(st.sampled_from(["ask", "begin", "end"]), st.integers(0, 20)), max_size=80))
def test_idle_callers_are_bounded_and_busy_ones_are_never_forgotten(steps: list[tuple[str, int]]) -> None:
    callers = Callers(HttpPolicy(callers=3, concurrent_runs=2), Clock())
    busy: dict[int, int] = {}
    for step, who in steps:
        if step == "ask":
            assert callers.request(str(who)) == 0
        elif step == "begin":
            assert callers.begin(str(who), "runs") == (busy.get(who, 0) < 2)
            busy[who] = min(busy.get(who, 0) + 1, 2)
        elif busy.get(who):
            callers.end(str(who), "runs")
            busy[who] -= 1
        assert len(callers) <= 3 + sum(count > 0 for count in busy.values())


@pytest.mark.parametrize(
    "text", [b"", b"{", b"3", b"null", b'"x"', b"[3, null]", b'{"run_id": ""}', b"{}", b'{"result": 3}']
)
def test_what_names_no_run_begins_none(text: bytes) -> None:
    assert begun(text, THREAD) == []


def test_no_route_is_added_since_it_would_not_be_authenticated() -> None:
    assert http.routes == []
    config = json.loads((PROJECT / "langgraph.json").read_text(encoding="utf-8"))
    assert config["http"] == {"app": "app.http:http", "middleware_order": "auth_first"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevServer]:
    home = tmp_path_factory.mktemp("home")
    policy = (PROJECT / "policy.toml").read_text(encoding="utf-8")
    (home / "policy.toml").write_text(f"{policy}\n[http]\nrequests_per_minute = 60\nconcurrent_runs = 1\n")
    with langgraph_dev(home, tmp_path_factory.mktemp("log") / "dev.log", home / "policy.toml") as running:
        yield running


AUTH = """
from langgraph_sdk import Auth

auth = Auth()


@auth.authenticate
async def who(authorization: str | None) -> str:
    if not authorization:
        raise Auth.exceptions.HTTPException(status_code=401, detail="who?")
    return authorization
"""


def test_users_that_the_real_server_authenticated_have_limits_of_their_own(tmp_path: Path) -> None:
    config = json.loads((PROJECT / "langgraph.json").read_text(encoding="utf-8"))
    (tmp_path / "who.py").write_text(AUTH)
    config |= {"dependencies": [str(PROJECT)], "auth": {"path": f"{tmp_path}/who.py:auth"}}
    (tmp_path / "langgraph.json").write_text(json.dumps(config))
    policy = (PROJECT / "policy.toml").read_text(encoding="utf-8")
    (tmp_path / "policy.toml").write_text(f"{policy}\n[http]\nrequests_per_minute = 2\n")

    def status(url: str, user: str | None) -> int:
        headers = {"Content-Type": "application/json", **({"Authorization": user} if user else {})}
        request = urllib.request.Request(f"{url}/threads/search", b"{}", headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    files = tmp_path / "dev.log", tmp_path / "policy.toml", tmp_path / "langgraph.json"
    with langgraph_dev(tmp_path, *files) as running:
        assert [status(running.url, "ada") for _ in range(3)] == [200, 200, 429]
        assert status(running.url, "bob") == 200
        assert status(running.url, None) == 401


@pytest.fixture
def client(server: DevServer) -> Iterator[SyncLangGraphClient]:
    with get_sync_client(url=server.url) as sdk:
        yield sdk


def begin(client: SyncLangGraphClient, provider: OpenAIServer, thread: str | None) -> Any:
    message = {"messages": [{"role": "user", "content": "How long may I return it?"}]}
    context: Any = {"model": f"{provider.url}#slow"}
    return client.runs.create(thread, "agent", input=message, context=context)


def begin_when_free(client: SyncLangGraphClient, provider: OpenAIServer, thread: str | None) -> Any:
    """A place is given back shortly behind the end of its run."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return begin(client, provider, thread)
        except RateLimitError as error:
            assert time.monotonic() < deadline, "the place was never given back"
            time.sleep(float(error.response.headers["retry-after"]))


@pytest.mark.parametrize("stateless", [False, True])
def test_a_run_in_the_background_of_the_real_server_keeps_its_place_until_it_ends(
    client: SyncLangGraphClient, stateless: bool
) -> None:
    with OpenAIServer(hangs()) as provider:
        thread = None if stateless else str(client.threads.create()["thread_id"])
        for _ in range(2):
            run = begin_when_free(client, provider, thread)
            assert provider.wait_for_request(30)
            with pytest.raises(RateLimitError, match="At most 1 runs of one caller go on at once") as refused:
                begin(client, provider, thread)
            assert refused.value.response.headers["retry-after"] == "1"
            client.runs.cancel(run["thread_id"], run["run_id"], wait=not stateless)


def test_the_real_server_answers_429_with_retry_after_and_still_says_that_it_is_well(
    server: DevServer,
) -> None:
    def status(path: str) -> tuple[int, str | None]:
        try:
            with urllib.request.urlopen(f"{server.url}{path}", timeout=10) as response:
                return response.status, None
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["Retry-After"]

    found = [status("/info") for _ in range(61)]
    assert found[-1][0] == 429
    assert 0 < int(found[-1][1] or 0) <= 60
    assert status("/ok") == (200, None)
