"""Processes that tests start and end: a real server on a free port of the loopback interface."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from state.settings import PROJECT

BIN = Path(sys.executable).parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class DevServer:
    url: str
    log: Path
    home: Path
    env: dict[str, str]

    def lines(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


def warrant(*args: str, env: dict[str, str], timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run the console script."""
    command = [BIN / "warrant", *args]
    return subprocess.run(
        command, cwd=PROJECT, env=env, capture_output=True, text=True, timeout=timeout, check=False
    )


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a newcomer: no keys, a home of its own."""
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG", "TMPDIR")}
    path = f"{BIN}{os.pathsep}{kept.get('PATH', '')}"
    return {**kept, "PATH": path, "WARRANT_HOME": str(home), **more}


@contextlib.contextmanager
def langgraph_dev(
    home: Path,
    log: Path,
    policy: Path = PROJECT / "policy.toml",
    config: Path = PROJECT / "langgraph.json",
    **more: str,
) -> Iterator[DevServer]:
    """`langgraph dev` on our langgraph.json, or one like it."""
    port = free_port()
    quiet = {"LANGGRAPH_DISABLE_FILE_PERSISTENCE": "true", "LANGSMITH_TRACING": "false"}
    env = environment(home, WARRANT_POLICY=str(policy), **quiet, **more)
    command = [BIN / "langgraph", "dev", "--no-browser", "--no-reload", "--port", str(port)]
    command += ["--config", str(config)]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _wait(f"http://127.0.0.1:{port}/ok", process, log)
        yield DevServer(f"http://127.0.0.1:{port}", log, home, env)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(url, timeout=2).close()
            return
        time.sleep(0.2)
    raise AssertionError(f"{url} did not come up:\n{log.read_text(errors='replace')[-4000:]}")
