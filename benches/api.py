"""Requests made from a server's own openapi.json by schemathesis: right ones, and wrong ones.

    PYTHONPATH=tests python benches/api.py --schemathesis schemathesis [--examples 10000] [--seed 1] [--token]

The server has a tiny random model and a small SQLite database. Exits with schemathesis' code: 1 when an
answer is not what the document says, or a request was taken that it does not allow.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from support import databases, serving, tiny

from t2sql import gguf

# A right body may still say more than fits the model's context, or fields that exclude each other.
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 413, 414]
"""


def main() -> int:
    """Start the server and run schemathesis on it."""
    parser = argparse.ArgumentParser(description="schemathesis on t2sql serve.")
    parser.add_argument("--schemathesis", default="schemathesis")
    parser.add_argument("--examples", type=int, default=10_000, help="requests in all, about")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--phases", default="examples,coverage,fuzzing,stateful")
    parser.add_argument("--token", action="store_true", help="a server that asks for a token")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = folder / "tiny.gguf"
        gguf.convert(tiny.build_llama(folder / "tiny"), model, type="f32")
        database = databases.url(databases.shop(folder / "shop.db"))
        (folder / "schemathesis.toml").write_text(CONFIG)
        environment = {"T2SQL_CACHE": name, "T2SQL_REMEMBERED": name}
        headers: list[str] = []
        if options.token:
            environment["T2SQL_TOKEN"] = "a token that nobody guesses"
            headers = ["-H", f"Authorization: Bearer {environment['T2SQL_TOKEN']}"]
        with serving.server(model, "--db", database, "--slots", 2, **environment) as server:
            command = [
                options.schemathesis,
                "--config-file",
                str(folder / "schemathesis.toml"),
                "run",
                server.address + "/openapi.json",
                *headers,
                "--max-examples",
                str(max(1, options.examples // 7)),
                "--phases",
                options.phases,
                "--seed",
                str(options.seed),
                "--continue-on-failure",
                "--request-timeout",
                "60",
            ]
            return subprocess.run(command, cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
