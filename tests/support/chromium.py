"""A page in a headless Chromium, driven by its own protocol."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_OPTIONS = "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --remote-debugging-port=0"


class Page:
    """An open page."""

    def __init__(self, socket: Any) -> None:
        self._socket, self._ids = socket, itertools.count(1)

    async def run(self, expression: str) -> Any:
        """The value of JavaScript, awaited if it is a promise."""
        number = next(self._ids)
        wanted = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        await self._socket.send_json({"id": number, "method": "Runtime.evaluate", "params": wanted})
        while (answer := await self._socket.receive_json(timeout=120)).get("id") != number:
            pass
        if "result" not in answer:
            # While the page goes to another address, there is nothing to ask.
            raise ConnectionError(answer)
        assert "exceptionDetails" not in answer["result"], answer["result"]["exceptionDetails"]
        return answer["result"]["result"].get("value")

    async def until(self, expression: str, seconds: float = 120) -> None:
        """Wait until JavaScript is true."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(ConnectionError):
                if await self.run(expression):
                    return
            await asyncio.sleep(0.05)
        raise AssertionError(f"never true: {expression}")


@asynccontextmanager
async def opened(address: str, profile: Path) -> AsyncIterator[Page]:
    """A browser that shows an address; `profile` is a folder of its own."""
    import aiohttp

    assert BROWSER is not None
    process = subprocess.Popen(
        [BROWSER, *_OPTIONS.split(), f"--user-data-dir={profile}", address],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        port = profile / "DevToolsActivePort"
        deadline = time.monotonic() + 120
        while not (port.exists() and "\n" in port.read_text()):
            assert time.monotonic() < deadline and process.poll() is None, "Chromium did not start"
            await asyncio.sleep(0.05)
        base = f"http://127.0.0.1:{port.read_text().splitlines()[0]}"
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{base}/json") as answer:
                pages = [page for page in await answer.json() if page["type"] == "page"]
            async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                page = Page(socket)
                await page.until("document.readyState === 'complete' && location.href !== 'about:blank'")
                yield page
    finally:
        process.terminate()
        process.wait(timeout=60)
