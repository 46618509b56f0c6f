"""The WikiSQL archive: its download and its check."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from t2sql import data
from t2sql.cli import run
from t2sql.data import wikisql
from t2sql.data.wikisql import Archive, archive, reader
from t2sql.errors import InputError, WorkError

TABLE = {
    "id": "1-1000181-1",
    "header": ["State/territory", "Format", "No.", "State/Territory", "", "Margin, in points"],
    "types": ["text", "text", "real", "text", "text", "real"],
    "rows": [
        ["South Australia", "Snnn·aaa", 3, "SA", "x", "1,250.5"],
        ["Victoria", "aaa·nnn", 12.0, "VIC", "y", 7],
        ["O'Higgins", "n", "unknown", "OH", "z", 2],
    ],
    "page_title": "Plates",
}


def question(text: str, sel: int, agg: int = 0, *conds: list[Any]) -> dict[str, Any]:
    query = {"sel": sel, "agg": agg, "conds": list(conds)}
    return {"phase": 1, "table_id": TABLE["id"], "question": text, "sql": query}


QUESTIONS = [
    question("what is the format for  south australia ", 1, 0, [0, 0, "south australia"]),
    question(
        "how many states have a number above 10 and are not here", 0, 3, [2, 1, "10"], [1, 0, "aaa·nnn"]
    ),
    question("the largest margin where the margin is under 1,300?", 5, 1, [5, 2, "1,300"]),
    question("who is o'higgins' abbreviation", 3, 0, [0, 0, "o'higgins"]),
]


def members(questions: list[dict[str, Any]] = QUESTIONS) -> dict[str, bytes]:
    files = {}
    for split in ("train", "dev", "test"):
        files[f"data/{split}.jsonl"] = "".join(json.dumps(q) + "\n" for q in questions).encode()
        files[f"data/{split}.tables.jsonl"] = (json.dumps(TABLE) + "\n").encode()
        files[f"data/{split}.db"] = b"SQLite format 3\0"
    return files


def pack(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:bz2") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


def described(path: Path, url: str = "http://127.0.0.1:9/none") -> Archive:
    content = path.read_bytes()
    blob = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
    return Archive(url, len(content), blob)


@pytest.fixture()
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small archive in the official format, taken for the official one."""
    path = pack(tmp_path / "data.tar.bz2", members())
    monkeypatch.setattr(archive, "OFFICIAL", described(path))
    monkeypatch.setattr(reader, "SIZES", dict.fromkeys(reader.SIZES, len(QUESTIONS)))
    monkeypatch.setenv("T2SQL_CACHE", str(tmp_path / "cache"))
    return path


def test_an_archive_of_another_size_hash_or_content_is_refused(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = small.read_bytes()

    def fails(content: bytes, message: str) -> None:
        small.write_bytes(content)
        with pytest.raises(InputError, match=message):
            data.prepare(f"wikisql:{small}", tmp_path / "out")
        assert not (tmp_path / "out").exists()

    fails(whole[:-40], rf"cut off.*expected {len(whole)} bytes, found {len(whole) - 40}")
    fails(whole + b"x", "not the official archive.*bytes")
    fails(whole[:-1] + bytes([whole[-1] ^ 1]), "not the official archive.*git's id")

    def accepted(path: Path) -> bytes:
        monkeypatch.setattr(archive, "OFFICIAL", described(path))
        return path.read_bytes()

    small.write_bytes(whole[:-40])
    fails(accepted(small), "cannot be read|lacks files")
    fails(accepted(pack(small, {"data/train.jsonl": b""})), "lacks files.*dev.tables.jsonl")
    fails(accepted(pack(small, members(QUESTIONS[:3]))), "not as many questions.*expected 4, found 3")


def test_the_official_archive_s_figures_are_those_of_its_repository() -> None:
    assert wikisql.SIZES == {"train": 56_355, "valid": 8_421, "test": 15_878}
    assert wikisql.OFFICIAL.size == 26_164_664
    assert re.fullmatch(r"[0-9a-f]{40}", wikisql.OFFICIAL.blob)


class Server:
    """An HTTP server of one file. It breaks off after `stop` bytes, and goes on from a Range if `ranges`."""

    def __init__(self, content: bytes) -> None:
        self.content, self.stop, self.ranges, self.status = content, len(content), True, 200
        self.asked: list[str | None] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                wanted = self.headers.get("Range")
                server.asked.append(wanted)
                start = int(wanted[6:-1]) if wanted and server.ranges else 0
                self.send_response(206 if start else server.status)
                self.send_header("Content-Length", str(len(server.content) - start))
                self.end_headers()
                self.wfile.write(server.content[start : server.stop])
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/data.tar.bz2"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture()
def served(small: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server(small.read_bytes())
    monkeypatch.setattr(archive, "OFFICIAL", described(small, server.url))
    yield server
    server.http.shutdown()
    server.http.server_close()


def test_the_archive_is_downloaded_once(served: Server, tmp_path: Path) -> None:
    made = data.prepare("wikisql", tmp_path / "out")
    assert made.counts["test"] == 4
    data.prepare("wikisql", tmp_path / "again")
    assert served.asked == [None]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_download_goes_on_where_it_stopped(served: Server, tmp_path: Path, ranges: bool) -> None:
    served.stop, served.ranges = 300, ranges
    with pytest.raises(WorkError, match=r"download stopped.*Run it again to go on"):
        data.prepare("wikisql", tmp_path / "out")
    served.stop = len(served.content)
    assert data.prepare("wikisql", tmp_path / "out").counts["test"] == 4
    assert served.asked == [None, "bytes=300-"]


def test_a_download_of_something_else_is_refused_and_not_kept(served: Server, tmp_path: Path) -> None:
    good = served.content
    served.content = good[:-1] + b"?"
    with pytest.raises(InputError, match="not the official archive"):
        data.prepare("wikisql", tmp_path / "out")
    served.content = good + b"more"
    served.stop = len(served.content)
    with pytest.raises(InputError, match="not the official archive"):
        data.prepare("wikisql", tmp_path / "out")
    served.content = good
    assert data.prepare("wikisql", tmp_path / "out").counts["test"] == 4


@pytest.mark.parametrize("break_it", [lambda s: setattr(s, "status", 404), lambda s: s.http.server_close()])
def test_a_server_that_fails_is_told_with_what_to_do(
    served: Server, tmp_path: Path, break_it: Callable[[Server], None], capsys: pytest.CaptureFixture[str]
) -> None:
    break_it(served)
    assert run(["data", "wikisql", "--out", str(tmp_path / "out")]) == 1
    assert "give a copy as wikisql:PATH" in capsys.readouterr().err
