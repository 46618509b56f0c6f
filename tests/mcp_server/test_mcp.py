"""`t2sql mcp` as a process, asked by the official SDK's client over stdin and stdout and over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from support import databases, serving

mcp = pytest.importorskip("mcp", reason="MCP was not tested: pip install mcp")

QUESTION = {"question": "How many products are there?"}


@pytest.fixture(scope="module")
def arguments(
    tiny_llama: Path, gguf_of: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> list[str]:
    shop = databases.shop(tmp_path_factory.mktemp("mcp") / "shop.db")
    limits = ["--max-rows", "7", "--timeout", "0.5"]
    return ["mcp", str(gguf_of(tiny_llama, "f32")), "--db", databases.url(shop), *limits]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = str(tmp_path_factory.mktemp("cache"))
    return {**os.environ, "T2SQL_CACHE": folder, "T2SQL_REMEMBERED": folder}


async def called(client: Any, tool: str, **arguments: Any) -> Any:
    """A tool's structured result; of an error its text."""
    result = await client.call_tool(tool, arguments)
    return result.content[0].text if result.is_error else result.structured_content


async def use_everything(client: Any) -> None:
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == {"ask", "run", "schema", "explain"}
    assert all(tool.annotations.read_only_hint and tool.output_schema for tool in tools.values())

    answer = await called(client, "ask", **QUESTION)
    assert answer["status"] in ("uncertain", "unrated", "answered", "repaired") and "sql" in answer

    rows = await called(client, "run", sql="SELECT id, city FROM customers ORDER BY id")
    assert rows["result"]["columns"] == ["id", "city"]
    assert len(rows["result"]["rows"]) == 7 and rows["result"]["truncated"]
    fewer = await called(client, "run", sql="SELECT id FROM customers", max_rows=2)
    assert len(fewer["result"]["rows"]) == 2

    explained = await called(client, "explain", sql="SELECT title FROM products WHERE category = 'LIGHT'")
    assert explained["sql"].endswith("'light'") and "'light'" in explained["replaced"][0]

    schema = await called(client, "schema", tables=["products"])
    assert [table["name"] for table in schema["tables"]] == ["products"]
    (content,) = (await client.read_resource("t2sql://schema")).contents
    tables = json.loads(content.text)["tables"]
    assert {table["name"] for table in tables} == {"customers", "orders", "products"}


async def be_refused(client: Any) -> None:
    for sql, reason in (
        ("DELETE FROM products", "expected SELECT"),
        ("SELECT load_extension('x')", "cannot be run"),
        ("SELECT nothing FROM products", "nothing"),
        ("SELECT 1; SELECT 2", "2 statements"),
        (
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT SUM(x) FROM c",
            "longer than",
        ),
    ):
        assert reason in await called(client, "run", sql=sql), sql
    assert "is empty" in await called(client, "ask", question=" ")
    assert "customers" in await called(client, "schema", tables=["nowhere"])
    assert "max_rows" in await called(client, "run", sql="SELECT 1", max_rows=0)


def test_a_client_on_stdin_and_stdout(arguments: list[str], environment: dict[str, str]) -> None:
    parameters = mcp.StdioServerParameters(
        command=sys.executable, args=["-m", "t2sql", *arguments], env=environment
    )

    async def main(steps: Callable[[Any], Awaitable[None]], mode: str) -> None:
        async with mcp.Client(parameters, mode=mode) as client:
            await steps(client)

    asyncio.run(main(use_everything, "auto"))
    asyncio.run(main(be_refused, "legacy"))


def test_nothing_but_the_protocol_is_on_stdout(arguments: list[str], environment: dict[str, str]) -> None:
    lines = [
        {"method": "initialize", "id": 1, "params": {"protocolVersion": "1999-01-01", "capabilities": {},
                                                     "clientInfo": {"name": "old", "version": "0"}}},
        {"method": "notifications/initialized"},
        {"method": "tools/call", "id": 2, "params": {"name": "ask", "arguments": QUESTION}},
    ]  # fmt: skip
    text = "".join(json.dumps({"jsonrpc": "2.0", **line}) + "\n" for line in lines)
    process = subprocess.run(
        [sys.executable, "-m", "t2sql", *arguments],
        input="this is no JSON\n" + text,
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )
    assert process.returncode == 0 and "Traceback" not in process.stderr
    answers = [json.loads(line) for line in process.stdout.splitlines()]
    assert all(answer["jsonrpc"] == "2.0" for answer in answers)
    first = next(answer for answer in answers if answer.get("id") == 1)
    assert first["result"]["protocolVersion"] != "1999-01-01"


def test_clients_over_http(arguments: list[str], environment: dict[str, str]) -> None:
    token = "a token that nobody guesses"
    process = subprocess.Popen(
        [sys.executable, "-m", "t2sql", *arguments, "--http", "127.0.0.1:0"],
        stderr=subprocess.PIPE,
        text=True,
        env={**environment, "T2SQL_TOKEN": token},
    )
    try:
        assert process.stderr is not None
        address = process.stderr.readline().removeprefix("listening on ").strip()
        served = serving.Served(process, address)

        async def main(steps: Callable[[Any], Awaitable[None]]) -> None:
            client = httpx2.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=120)
            transport = mcp.client.streamable_http.streamable_http_client(
                address + "/mcp", http_client=client
            )
            async with client, mcp.Client(transport) as connected:
                await steps(connected)

        asyncio.run(main(use_everything))
        asyncio.run(main(be_refused))
        with served.client() as client:
            assert client.post("/mcp", json={}).status_code == 401
        code, err = served.stop()
        assert code == 0 and "Traceback" not in err
    finally:
        process.kill()


def test_an_address_that_is_none(arguments: list[str]) -> None:
    for address in ("8090", "localhost:", "localhost:99999", ":80"):
        done = subprocess.run(
            [sys.executable, "-m", "t2sql", *arguments, "--http", address], capture_output=True, text=True
        )
        assert done.returncode == 2 and "HOST:PORT" in done.stderr
