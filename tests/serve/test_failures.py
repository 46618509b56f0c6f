"""What fails beside the server, or takes too long: one request has an error, and the server goes on."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from support import serving
from support.serving import LONG, until


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere: the model's process is found in /proc")
def test_the_end_of_the_model_s_process_is_one_error_and_the_server_goes_on(demo_gguf: Path) -> None:
    with serving.server(demo_gguf) as server, server.client() as client:
        statuses: list[int] = []
        thread = threading.Thread(
            target=lambda: statuses.append(client.post("/v1/completions", json=LONG).status_code)
        )
        thread.start()
        assert until(lambda: server.metric("t2sql_slots_busy") == 1)
        for child in server.children():
            os.kill(child, signal.SIGABRT)
        thread.join()
        assert statuses == [503]
        again = client.post("/v1/completions", json={"prompt": "1, 2,", "max_tokens": 2})
        assert again.status_code == 200 and client.get("/metrics").status_code == 200


def test_a_request_that_takes_too_long_ends(demo_gguf: Path) -> None:
    with serving.server(demo_gguf, "--request-timeout", "0.3") as server, server.client() as client:
        assert client.post("/v1/completions", json=LONG).status_code == 504
        assert client.post("/ask", json={"question": "a"}).status_code == 404
        assert until(lambda: server.metric("t2sql_slots_busy") == 0, 10)


def test_a_database_that_goes_away_is_said_and_the_server_goes_on(
    demo_gguf: Path, postgres: Any, tmp_path: Path
) -> None:
    from support import live_databases
    from support import postgres as helper

    own = helper.Server(helper.binaries())
    try:
        url = own.new_database("away", live_databases.SCRIPT)
        with (
            serving.server(demo_gguf, "--db", url, T2SQL_CACHE=str(tmp_path)) as server,
            server.client() as client,
        ):
            body = {"question": "How many customers?", "max_tokens": 8}
            assert client.post("/ask", json=body).json()["dialect"] == "postgres"
            own.stop()
            lost = client.post("/ask", json=body)
            assert lost.status_code == 503 and "database" in lost.json()["error"]["message"]
            own.start()
            assert client.post("/ask", json=body).status_code == 200
    finally:
        own.close()


def test_a_port_that_is_taken_is_said(
    tiny_served: serving.Served, demo_gguf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from t2sql.cli import run

    port = tiny_served.address.rpartition(":")[2]
    assert run(["serve", str(demo_gguf), "--port", port]) == 2
    assert "cannot be listened on" in capsys.readouterr().err
