"""That a session is over, and why; the first reason stays."""

import asyncio


class Ending:
    """Set once, by whoever notices first."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.reason = "is closed"

    def because(self, reason: str) -> None:
        """End it; `reason` is our own words with the server as their subject, never the server's words."""
        if not self._event.is_set():
            self.reason = reason
            self._event.set()

    @property
    def is_set(self) -> bool:
        """Whether it is over."""
        return self._event.is_set()

    async def wait(self) -> None:
        """Wait until it is over."""
        await self._event.wait()
