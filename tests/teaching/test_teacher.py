"""A teacher, from a server of completions, of chats, or a model: paraphrases stay where its answer agrees."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support import databases

from t2sql import data
from t2sql.cli import run
from t2sql.errors import InputError
from t2sql.teaching import open_teacher


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("T2SQL_REMEMBERED", str(tmp_path / "remembered"))
    return databases.url(databases.shop(tmp_path / "shop.db"))


class Server(BaseHTTPRequestHandler):
    """Speaks OpenAI's API: puts "Please: " before a question, and answers each as `answer` says.

    Attributes:
        chats: Whether it has chats alone.
        answer: The statement of a question.
        prompts: Everything that it was asked.
    """

    chats: bool
    answer: Callable[[str], str]
    prompts: list[str]
    names: list[str]

    def do_GET(self) -> None:
        if self.path == "/v1/models":
            self._send(200, {"data": [{"id": name} for name in self.names]})
        else:
            self._send(404, {})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.chats != (self.path == "/v1/chat/completions"):
            self._send(404, {"error": {"message": "no such route"}})
            return
        prompt = body["messages"][0]["content"] if self.chats else body["prompt"]
        self.prompts.append(prompt)
        question = prompt.rpartition("Question: ")[2].partition("\n")[0]
        text = f" Please: {question}\n" if "In other words" in prompt else f" {type(self).answer(question)}\n"
        choice: dict[str, Any] = {"message": {"content": text}} if self.chats else {"text": text}
        self._send(200, {"choices": [{**choice, "finish_reason": "stop"}]})

    def _send(self, status: int, document: dict[str, Any]) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(
    answer: Callable[[str], str], *, chats: bool = False, names: tuple[str, ...] = ("big",)
) -> Iterator[tuple[str, type[Server]]]:
    members = {"answer": staticmethod(answer), "chats": chats, "prompts": [], "names": list(names)}
    handler = type("Handler", (Server,), members)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"openai:http://127.0.0.1:{server.server_port}", handler
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("chats", [False, True])
def test_only_paraphrases_stay_whose_two_answers_agree(
    chats: bool, shop: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = data.prepare(data.DataSource(shop, examples=60), tmp_path / "plain")
    gold = {example.question: example.sql or "" for example in plain.train}

    def answer(question: str) -> str:
        sql = gold[question.removeprefix("Please: ")]
        return "SELECT 'something else'" if len(question) % 2 else sql

    out = tmp_path / "out"
    with serving(answer, chats=chats) as (url, server):
        command = ["data", shop, "--examples", "60", "--out", str(out), "--teacher", url, "--json"]
        assert run(command) == 0
    document = json.loads(capsys.readouterr().out)
    made = data.load(out)
    added = [example for example in made.train if "kind:teacher" in example.tags]
    right = [q for q in gold if len(f"Please: {q}") % 2 == 0]
    lesson = document["teacher"]
    assert lesson["asked"] == len(plain.train) and lesson["kept"] == len(added)
    assert sum(lesson["dropped"].values()) == lesson["asked"] - lesson["kept"]
    assert {one.question.removeprefix("Please: ") for one in added} <= set(right) and added
    assert [one.sql for one in added] == [gold[one.question.removeprefix("Please: ")] for one in added]
    assert all(f"Q: {one.question}\nA: " in one.prompt for one in added)
    assert made.valid == plain.valid and made.test == plain.test and made.train[: len(gold)] == plain.train
    assert any("CREATE TABLE customers" in prompt for prompt in server.prompts)
    # Columns that look private have no values in what a teacher sees.
    assert not any("example.org" in prompt for prompt in server.prompts)


def test_no_more_questions_are_sent_than_were_allowed(shop: str, tmp_path: Path) -> None:
    with serving(lambda question: "SELECT 1") as (url, server):
        command = ["data", shop, "--examples", "60", "--out", str(tmp_path / "out")]
        assert run([*command, "--teacher", url, "--paraphrases", "3"]) == 0
    assert sum("In other words" in prompt for prompt in server.prompts) == 3
    assert len(server.prompts) == 6


def test_a_server_of_several_models_wants_a_name() -> None:
    with serving(str, names=("a", "b")) as (url, _):
        with pytest.raises(InputError, match="which of the server's models"):
            open_teacher(url)
        named = open_teacher(f"{url}#b")
        assert named.model == "b"
        named.close()


def test_a_model_of_random_weights_teaches_nothing_and_spoils_nothing(
    tiny_llama: Path, shop: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = data.prepare(data.DataSource(shop, examples=30), tmp_path / "plain")
    command = ["data", shop, "--examples", "30", "--out", str(tmp_path / "out"), "--paraphrases", "2"]
    assert run([*command, "--teacher", str(tiny_llama)]) == 0
    assert "0 of 2 paraphrases kept" in capsys.readouterr().out
    assert data.load(tmp_path / "out").train == plain.train


def test_paraphrases_without_a_teacher_are_an_error(
    shop: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["data", shop, "--out", str(tmp_path / "out"), "--paraphrases", "2"]) == 2
    assert "--paraphrases is for --teacher" in capsys.readouterr().err
