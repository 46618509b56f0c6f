"""The process that computes logits in llama.cpp: `python -m t2sql.runtimes.llama_logits_worker DESCRIPTOR`.

The other end of the connection is `llama_logits.LlamaLogits`: requests come as JSON; token ids and logits go
back as bytes, after a JSON message that says how many.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from t2sql.runtimes import install
from t2sql.runtimes.llama_library import LlamaModel, UnknownLibraryError

BLOCK_ROWS = 64
"""Rows of logits in one message, and so in the other process's memory."""


def _load(path: str, context: int, threads: int) -> LlamaModel:
    import xllamacpp

    library = Path(xllamacpp.xllamacpp.__file__)
    return LlamaModel(library, Path(path), context=context, threads=threads)


def _serve(connection: Connection, model: LlamaModel) -> None:
    """Answer requests until the other process ends."""
    while True:
        request = json.loads(connection.recv_bytes())
        try:
            if "text" in request:
                ids = model.tokenize(request["text"])
                _send(connection, {"count": len(ids)})
                connection.send_bytes(ids.data.cast("B") if len(ids) else b"")
                continue
            rows = model.logits(request["ids"], request["first"])
        except RuntimeError as error:
            _send(connection, {"failed": str(error)})
            continue
        _send(connection, {"count": len(rows)})
        for start in range(0, len(rows), BLOCK_ROWS):
            connection.send_bytes(rows[start : start + BLOCK_ROWS].data.cast("B"))


def _send(connection: Connection, message: object) -> None:
    connection.send_bytes(json.dumps(message).encode())


def main() -> None:
    """Load the model, then answer until the other process ends."""
    # Ctrl-C is for the other process, and llama.cpp's last words are enough without a core file.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    connection = Connection(int(sys.argv[1]))
    try:
        model = _load(**json.loads(connection.recv_bytes()))
    except ModuleNotFoundError as error:
        found, hint = f"no {error.name}", install.LLAMA_CPP
        _send(connection, {"missing": "llama.cpp is not installed", "found": found, "hint": hint})
    except ImportError as error:
        hint = install.OPENMP if "libgomp" in str(error) else ""
        _send(connection, {"missing": "llama.cpp does not load", "found": str(error), "hint": hint})
    except UnknownLibraryError as error:
        hint = install.LLAMA_CPP
        _send(connection, {"missing": "this xllamacpp gives no logits", "found": str(error), "hint": hint})
    except RuntimeError as error:
        _send(connection, {"failed": str(error)})
    else:
        _send(connection, {"vocab_size": model.vocab_size, "first_token": model.first_token})
        try:
            _serve(connection, model)
        except (EOFError, OSError):
            os._exit(0)


if __name__ == "__main__":
    main()
