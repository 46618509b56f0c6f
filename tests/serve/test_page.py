"""The page at `/`, over HTTP and in a real browser."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import chromium, databases, serving
from support.serving import Served

from t2sql.cli import run

TOKEN = "a token that nobody guesses"
MARKUP = "<img src=x onerror=\"document.title='run'\">"
QUESTION = "What is there?"


@pytest.fixture(scope="module")
def page_server(
    tiny_llama: Path, gguf_of: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A server with a token that remembers the answer to one question: rows full of markup."""
    folder = tmp_path_factory.mktemp("page")
    rows = {"things": [(1, MARKUP, 2.5), (2, None, 10.0)]}
    script = "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT, size REAL);"
    url = databases.url(databases.build(folder / "things.db", script, rows))
    environment = {"T2SQL_CACHE": str(folder), "T2SQL_REMEMBERED": str(folder)}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        sql = "SELECT id, name, size FROM things ORDER BY id"
        assert run(["remember", "--db", url, "--question", QUESTION, "--sql", sql]) == 0
    with serving.server(gguf_of(tiny_llama, "f32"), "--db", url, T2SQL_TOKEN=TOKEN, **environment) as server:
        yield server


def test_its_files_need_no_token_and_let_in_nothing_else(page_server: Served) -> None:
    with page_server.client() as client:
        for path in ("/", "/page.js", "/page.css"):
            answer = client.get(path)
            policy = answer.headers["content-security-policy"]
            assert answer.status_code == 200 and "default-src 'none'" in policy
            assert "unsafe" not in policy and "http" not in policy and "*" not in policy
            assert answer.headers["x-frame-options"] == "DENY"
            assert "http://" not in answer.text and "https://" not in answer.text
            assert "innerHTML" not in answer.text and " style=" not in answer.text
        assert client.get("/page.py").status_code == 401
        assert client.post("/ask", json={"question": QUESTION}).status_code == 401


@pytest.mark.skipif(chromium.BROWSER is None, reason="no Chromium is installed: the page is not tried in one")
def test_a_person_asks_in_a_browser(page_server: Served, tmp_path: Path) -> None:
    async def main() -> None:
        async with chromium.opened(page_server.address + "/", tmp_path / "profile") as page:
            await page.run(f"part('question').value = {json.dumps(QUESTION)}; part('ask').click()")
            await page.until("!part('problem').hidden && !part('access').hidden")
            assert "token" in await page.run("part('problem').textContent")

            await page.run(f"part('token').value = {json.dumps(TOKEN)}; part('ask').click()")
            await page.until("!part('answer').hidden")
            assert await page.run("part('status').textContent") == "remembered"
            assert (await page.run("part('sql').textContent")).startswith("SELECT")
            assert await page.run("part('count').textContent") == "2 rows"
            cells = await page.run("[...document.querySelectorAll('td')].map(cell => cell.textContent)")
            assert cells == ["1", MARKUP, "2.5", "2", "NULL", "10"]
            assert await page.run("document.querySelectorAll('img').length") == 0

            # What is put into the page from outside does not run.
            await page.run(
                "document.body.insertAdjacentHTML('beforeend', part('rows').rows[1].cells[1].textContent)"
            )
            await asyncio.sleep(0.3)
            assert await page.run("document.title") == "t2sql"
            loaded = await page.run("performance.getEntriesByType('resource').map(one => one.name)")
            assert all(name.startswith(page_server.address) for name in loaded)

    asyncio.run(main())
