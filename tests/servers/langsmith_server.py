"""A server that speaks LangSmith's protocol: runs in and out, datasets, examples, projects, feedback."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import zstandard


class LangSmithServer:
    """Keeps what it was sent: `runs` by id, patches merged into them, and every `body` as it came."""

    def __init__(self) -> None:
        self.runs: dict[str, dict[str, Any]] = {}
        self.datasets: dict[str, dict[str, Any]] = {}
        self.examples: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        self.feedback: dict[str, dict[str, Any]] = {}
        self.operations: list[tuple[str, str]] = []
        self.bodies: list[bytes] = []
        self.keys: list[str | None] = []
        self.status = 202
        self.page = 2
        self.refused: str | None = None
        """Operation, such as `feedback`, of which no request is taken."""
        self.arrived = threading.Condition()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.http.daemon_threads = True

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.http.server_port}"

    def take(self, content_type: str, body: bytes) -> None:
        """Take one multipart request, as `/runs/multipart` does; KeyError if it is to be refused."""
        parts = list(_parts(content_type, body))
        if any(name.split(".")[0] == self.refused for name, _ in parts):
            raise KeyError(self.refused)
        with self.arrived:
            self.bodies.append(body)
            for name, content in parts:
                self._part(name, content)
            self.arrived.notify_all()

    def take_examples(self, dataset: str, content_type: str, body: bytes) -> dict[str, Any]:
        """Create examples; an id that is taken is refused with KeyError, as LangSmith does with 409."""
        created: dict[str, dict[str, Any]] = {}
        for name, content in _parts(content_type, body):
            example, *field = name.split(".")
            if example in self.examples:
                raise KeyError(example)
            known = created.setdefault(example, {"id": example, "dataset_id": dataset})
            known.update({field[0]: json.loads(content)} if field else json.loads(content))
        self.bodies.append(body)
        self.examples |= created
        return {"example_ids": [*created], "count": len(created)}

    def create(self, path: str, body: bytes) -> object:
        """Create a dataset, a project or a feedback; a name that is taken is refused with KeyError."""
        value, kept = json.loads(body), getattr(self, path.strip("/"))
        self.bodies.append(body)
        if path != "/feedback" and any(each["name"] == value["name"] for each in kept.values()):
            raise KeyError(value["name"])
        known = {"id": str(uuid4()), "tenant_id": str(uuid4()), "created_at": "2026-11-20T12:00:00Z", **value}
        kept[known["id"]] = known
        return known

    def found(self, path: str, query: dict[str, list[str]]) -> object:
        """Datasets and projects by name, examples by dataset; None for another path."""
        if path == "/examples":
            every = [one for one in self.examples.values() if one["dataset_id"] == query["dataset"][0]]
            offset, limit = int(query.get("offset", ["0"])[0]), int(query["limit"][0])
            return every[offset : offset + limit]
        if path in {"/datasets", "/sessions"}:
            kept = getattr(self, path.strip("/"))
            return [one for one in kept.values() if one["name"] == query["name"][0]]
        return None

    def _part(self, name: str, content: bytes) -> None:
        operation, run_id, *field = name.split(".")
        value = json.loads(content)
        if operation == "feedback":
            self.feedback[run_id] = value
            return
        if not field:
            self.operations.append((operation, run_id))
        if operation == "patch" and run_id not in self.runs:
            raise KeyError(f"{run_id} was never created")
        known = self.runs.setdefault(run_id, {})
        known.update({field[0]: value} if field else {k: v for k, v in value.items() if v is not None})

    def has_project(self, name: str) -> None:
        """Give it a project, whose runs are those that it was sent."""
        about = {"tenant_id": str(uuid4()), "start_time": "2026-11-20T12:00:00", "reference_dataset_id": None}
        self.sessions[name] = {"id": str(uuid4()), "name": name, **about}

    def queried(self, body: dict[str, Any]) -> dict[str, Any]:
        """One page of runs, as `/runs/query` gives them: newest first, `page` of them."""
        runs = sorted(self.runs.values(), key=lambda run: str(run["dotted_order"]), reverse=True)
        if body.get("is_root"):
            runs = [run for run in runs if not run.get("parent_run_id")]
        if "trace" in body:
            runs = [run for run in runs if run["trace_id"] == body["trace"]]
        at = int(body.get("cursor") or 0)
        more = str(at + self.page) if at + self.page < len(runs) else None
        return {"runs": runs[at : at + self.page], "cursors": {"next": more}}

    def wait_for(self, count: int, seconds: float = 10) -> bool:
        """Wait until so many runs have ended."""
        with self.arrived:
            return self.arrived.wait_for(lambda: self._ended() >= count, seconds)

    def _ended(self) -> int:
        return sum(1 for run in self.runs.values() if run.get("end_time"))


@contextmanager
def langsmith_server() -> Iterator[LangSmithServer]:
    """A server on loopback, on a free port."""
    server = LangSmithServer()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
        thread.join()


def _parts(content_type: str, body: bytes) -> Iterator[tuple[str, bytes]]:
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    for part in message.iter_parts():
        yield str(part.get_param("name", header="content-disposition")), part.get_content()


def _handler(server: LangSmithServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.keys.append(self.headers["x-api-key"])
            asked = urlsplit(self.path)
            if server.status >= 300:
                return self._answer(server.status, {})
            found = server.found(asked.path, parse_qs(asked.query))
            return self._answer(200, self._info() if found is None else found)

        def _info(self) -> dict[str, Any]:
            config = {"use_multipart_endpoint": True, "size_limit": 100, "size_limit_bytes": 20_971_520}
            config |= {
                "scale_up_qsize_trigger": 1_000,
                "scale_up_nthreads_limit": 16,
                "scale_down_nempty_trigger": 4,
            }
            flags = {"zstd_compression_enabled": True, "dataset_examples_multipart_enabled": True}
            return {"version": "0.12", "batch_ingest_config": config, "instance_flags": flags}

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)) or self._chunks()
            server.keys.append(self.headers["x-api-key"])
            if self.path == "/runs/query":
                return self._answer(200, server.queried(json.loads(body)))
            if self.path != "/runs/multipart":
                return self._created(body)
            if server.status < 300:
                if self.headers["Content-Encoding"] == "zstd":
                    body = zstandard.ZstdDecompressor().stream_reader(BytesIO(body)).read()
                try:
                    server.take(self.headers["Content-Type"], body)
                except KeyError as error:
                    return self._answer(422, {"detail": str(error)})
            return self._answer(server.status, {})

        def _created(self, body: bytes) -> None:
            path = urlsplit(self.path).path
            if server.status >= 300:
                return self._answer(server.status, {})
            try:
                if path.endswith("/examples"):
                    dataset = path.split("/")[-2]
                    return self._answer(
                        200, server.take_examples(dataset, self.headers["Content-Type"], body)
                    )
                if path in {"/datasets", "/sessions", "/feedback"}:
                    return self._answer(200, server.create(path, body))
            except KeyError as error:
                return self._answer(409, {"detail": str(error)})
            return self._answer(404, {})

        def _chunks(self) -> bytes:
            read = b""
            while size := int(self.rfile.readline() or b"0", 16):
                read += self.rfile.read(size)
                self.rfile.readline()
            return read

        def _answer(self, status: int, value: object) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    return Handler
