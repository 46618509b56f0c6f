"""The app in a browser: who gets in, and what a real one shows."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import httpx2
import pytest
from app_support.made_runs import make_run

from t2sql.cli import run

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture
def printed(root: Path) -> Iterator[str]:
    make_run(root, "shown", steps=100)
    command = [sys.executable, "-m", "t2sql", "tui", str(root), "--serve", "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stderr is not None
    try:
        said = process.stderr.readline()
        found = re.match(r"listening on (http://127\.0\.0\.1:\d+/\?token=\S{32,}) ", said)
        assert found, said + process.stderr.read()
        yield found[1]
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0


@pytest.fixture
def address(printed: str) -> str:
    return printed.partition("/?")[0]


def test_only_who_has_the_token_gets_in(printed: str, address: str) -> None:
    for path in (
        "",
        "/static/js/textual.js",
        "/ws",
        "/download/x",
        "/?token=wrong",
        "/?token=",
        "/static/?token=x",
    ):
        refused = httpx2.get(address + path, headers={"Origin": address})
        assert refused.status_code == 403, path
    with httpx2.Client(follow_redirects=True) as browser:
        first = browser.get(printed + "&fontsize=20")
        assert first.status_code == 200 and str(first.url) == f"{address}/?fontsize=20"
        cookie = first.history[0].headers["set-cookie"]
        assert (
            "HttpOnly" in cookie and "SameSite=Strict" in cookie and printed.rpartition("=")[2] not in cookie
        )
        assert browser.get(f"{address}/static/js/textual.js").status_code == 200


def test_no_page_may_frame_it(printed: str, address: str) -> None:
    for answer in (httpx2.get(printed, follow_redirects=True), httpx2.get(address)):
        assert answer.headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_only_pages_of_this_machine_get_in(printed: str, address: str) -> None:
    with httpx2.Client() as browser:
        browser.get(printed)
        assert browser.get(address, headers={"Origin": address}).status_code == 200
        port = address.rpartition(":")[2]
        for headers in (
            {"Host": "evil.example"},
            {"Host": f"evil.example:{port}"},
            {"Origin": "https://evil.example"},
            {"Origin": f"http://localhost:{port}"},
            {"Origin": "null"},
        ):
            assert browser.get(address, headers=headers).status_code == 403, headers
            assert browser.get(f"{address}/ws", headers=headers).status_code == 403, headers
        # A page always says where it comes from when it opens a WebSocket.
        assert browser.get(f"{address}/ws").status_code == 403


async def test_a_websocket_opens_the_app_with_the_cookie_alone(printed: str, address: str) -> None:
    origin = {"Origin": address}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"{address}/ws", headers=origin)
        await session.get(printed)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"{address}/ws", headers={"Origin": "http://evil.example"})
        async with session.ws_connect(f"{address}/ws", headers=origin) as socket:
            assert (await socket.receive(timeout=60)).data


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed: the browser mode is not tried in one")
async def test_a_browser_shows_the_runs(printed: str, tmp_path: Path) -> None:
    picture = await seen(printed, tmp_path / "profile")
    # The terminal is drawn on a canvas, which cannot be read: a screen full of text is a larger picture.
    assert picture.startswith(b"\x89PNG") and len(picture) > 12_000
    (tmp_path / "page.png").write_bytes(picture)


async def seen(address: str, profile: Path) -> bytes:
    """A picture of the page once the app has drawn on it, by Chromium's own protocol."""
    assert BROWSER is not None
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,700"]
    # A container's /dev/shm can be too small, and a page behind others is not drawn.
    options += ["--disable-dev-shm-usage", "--disable-renderer-backgrounding"]
    options += ["--disable-backgrounding-occluded-windows"]
    process = subprocess.Popen(
        [BROWSER, *options, "--remote-debugging-port=0", f"--user-data-dir={profile}", address],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        told = profile / "DevToolsActivePort"
        await waited(lambda: told.exists() and len(told.read_text().splitlines()) > 1)
        base = f"http://127.0.0.1:{told.read_text().splitlines()[0]}"
        pages = [
            page for page in httpx2.get(f"{base}/json").json() if page["url"].startswith("http://127.0.0.1")
        ]
        address_of_page = pages[0]["webSocketDebuggerUrl"]
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(address_of_page, max_msg_size=0) as page,
        ):
            ids = itertools.count(1)

            async def call(method: str, **parameters: Any) -> Any:
                number = next(ids)
                await page.send_json({"id": number, "method": method, "params": parameters})
                while (answer := await page.receive_json(timeout=30)).get("id") != number:
                    pass
                if "result" not in answer:
                    # While the page goes to another address, Chromium has nothing to ask.
                    raise ConnectionError(answer)
                return answer["result"]

            drawn = "document.body.classList.contains('-first-byte')"
            for _ in range(300):
                with contextlib.suppress(ConnectionError):
                    if (await call("Runtime.evaluate", expression=drawn))["result"].get("value"):
                        break
                await asyncio.sleep(0.1)
            else:
                raise AssertionError("the app drew nothing within 30 s")
            await asyncio.sleep(2.0)
            for _ in range(3):
                # A capture waits for the next frame, which Chromium on a busy machine sometimes never draws.
                with contextlib.suppress(TimeoutError, ConnectionError):
                    await call("Page.bringToFront")
                    return base64.b64decode((await call("Page.captureScreenshot"))["data"])
            raise AssertionError("Chromium took no picture of the page in three attempts")
    finally:
        process.terminate()
        process.wait(timeout=30)


async def waited(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not come to pass in {seconds} s"
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("arguments", [["--port", "80000", "--serve"], ["--port", "8000"]])
def test_a_port_that_cannot_be_is_refused(
    arguments: list[str], root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["tui", str(root), *arguments]) == 2
    assert "--port" in capsys.readouterr().err
