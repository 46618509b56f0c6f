"""Serve a model and call it.

    python examples/serve_and_call.py demo sqlite:///shop.db "How many products are there?"

Needs `pip install "t2sql[serve]"`; with `pip install openai` OpenAI's client asks the same question.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request


def main() -> None:
    """Start the server, ask, and end it."""
    model, url, question = sys.argv[1:]
    command = [sys.executable, "-m", "t2sql", "serve", model, "--db", url, "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            address = server.stderr.readline().removeprefix("listening on ").strip()
            ask(address, question)
            chat(address, question)
        finally:
            server.terminate()


def ask(address: str, question: str) -> None:
    """The question with its rows, by plain HTTP."""
    body = json.dumps({"question": question, "execute": True}).encode()
    request = urllib.request.Request(f"{address}/ask", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as response:
        answer = json.load(response)
    print("ask: ", answer["sql"], answer["status"], answer.get("rows"))


def chat(address: str, question: str) -> None:
    """The question as a chat, by OpenAI's client."""
    try:
        import openai
    except ModuleNotFoundError:
        print("chat: not tried, pip install openai")
        return
    client = openai.OpenAI(base_url=f"{address}/v1", api_key="none")
    reply = client.chat.completions.create(model="t2sql", messages=[{"role": "user", "content": question}])
    print("chat:", reply.choices[0].message.content)


if __name__ == "__main__":
    main()
