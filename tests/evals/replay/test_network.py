"""The network is closed in every thread, but for a call that is live."""

import asyncio
import socket
import subprocess
import sys
from threading import Thread

import pytest

from evals.replay.network import OutsideError, closed, opened


def reach() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.connect(("127.0.0.1", 9))


def refused() -> None:
    with pytest.raises(OutsideError):
        reach()


def test_connections_lookups_and_processes_are_refused() -> None:
    with closed() as tried:
        for attempt in (
            reach,
            lambda: socket.getaddrinfo("localhost", 80),
            lambda: subprocess.run([sys.executable, "-c", ""], check=True),
        ):
            with pytest.raises(OutsideError):
                attempt()
    assert tried == ["socket.connect", "socket.getaddrinfo", "subprocess.Popen"]
    reach()


def test_a_live_call_does_not_open_it_for_other_threads() -> None:
    with closed() as tried, opened():
        reach()
        other = Thread(target=refused)
        other.start()
        other.join()
    assert tried == ["socket.connect"]


def test_an_event_loop_runs_while_it_is_closed() -> None:
    with closed() as tried:
        assert asyncio.run(asyncio.to_thread(lambda: 1)) == 1
    assert not tried
