"""A GGUF file in llama.cpp, asked for whole logits: computed in a process of its own, where it may abort."""

from __future__ import annotations

import json
import os
import subprocess
import weakref
from collections.abc import Iterator, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from t2sql import gguf
from t2sql.bounds import available_cpus
from t2sql.errors import MissingPartError, WorkError
from t2sql.runtimes.last_words import LastWords, environment
from t2sql.workers import start_worker


class LlamaLogits:
    """A GGUF file in llama.cpp with its default settings, as llama-perplexity loads it.

    Use it as a context manager.

    Attributes:
        vocab_size: Tokens in the vocabulary.
        first_token: The token that every text begins with; None where the tokenizer adds none.
    """

    def __init__(self, path: Path, *, context: int = 512, threads: int | None = None) -> None:
        """Load the file.

        Args:
            path: The GGUF file.
            context: The most tokens of a sequence.
            threads: Threads that compute; by default one a core.

        Raises:
            InputError: The file has what makes llama.cpp end its process.
            MissingPartError: llama.cpp is not installed, or its version gives no logits.
            WorkError: llama.cpp does not load the file.
        """
        self._path = path
        ours, theirs = Pipe()
        with theirs:
            self._process = start_worker(
                "t2sql.runtimes.llama_logits_worker",
                [theirs.fileno()],
                stderr=subprocess.PIPE,
                env=environment(),
            )
        self._connection = ours
        self._last_words = LastWords(self._process)
        self._close = weakref.finalize(self, _end, ours, self._process)
        try:
            gguf.check_runnable(path)
            known = self._ask(
                {
                    "path": str(path),
                    "context": context,
                    "threads": threads or available_cpus() or os.cpu_count() or 1,
                }
            )
        except BaseException:
            self._close()
            raise
        if "missing" in known:
            self._close()
            hint = f"Run: {known['hint']}" if known["hint"] else None
            raise MissingPartError(known["missing"], found=known["found"], hint=hint)
        self.vocab_size: int = known["vocab_size"]
        self.first_token: int | None = known["first_token"]

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """End the process and free the model's memory."""
        self._close()

    def tokenize(self, text: str) -> list[int]:
        """Token ids of a text, with BOS and EOS if the file asks for them; special tokens in it are text.

        Raises:
            WorkError: The process ended.
        """
        self._ask({"text": text})
        ids: list[int] = np.frombuffer(self._receive(), np.int32).tolist()
        return ids

    def logits(self, ids: Sequence[int], first: int) -> Iterator[NDArray[np.float32]]:
        """What is predicted after each token from number `first` on.

        Args:
            ids: A sequence, at most as long as the context.
            first: The index of the first token after which a prediction is wanted.

        Yields:
            Blocks of rows [at most 64, vocab_size], `len(ids) - first` rows in all.

        Raises:
            WorkError: llama.cpp does not compute them, or its process ended.
        """
        rows = self._ask({"ids": list(ids), "first": first})["count"]
        while rows:
            block = np.frombuffer(self._receive(), np.float32).reshape(-1, self.vocab_size)
            rows -= len(block)
            yield block

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            self._connection.send_bytes(json.dumps(request).encode())
        except OSError:
            raise self._failure() from None
        answer: dict[str, Any] = json.loads(self._receive())
        if "failed" in answer:
            self._close()
            found = self._last_words.reason() or answer["failed"]
            raise WorkError("llama.cpp does not run the file", where=self._path, found=found)
        return answer

    def _receive(self) -> bytes:
        try:
            return self._connection.recv_bytes()
        except (EOFError, OSError):
            raise self._failure() from None

    def _failure(self) -> WorkError:
        self._close()
        hint = f"What is wrong with the file may be in: t2sql inspect {self._path}"
        return WorkError("llama.cpp has ended", where=self._path, found=self._last_words.ending(), hint=hint)


def _end(connection: Connection, process: subprocess.Popen[bytes]) -> None:
    # It has nothing to save.
    process.kill()
    process.wait()
    connection.close()
