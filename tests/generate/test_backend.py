"""Which runtime opens what, and the order of prompts."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from t2sql.errors import InputError
from t2sql.generate import BackendOptions, open_backend
from t2sql.generate.prompt_queue import PromptQueue


def test_an_unknown_backend_is_named() -> None:
    with pytest.raises(InputError, match=r"unknown backend.*'gpu'"):
        open_backend("demo", "gpu")


def test_llama_refuses_a_directory_and_says_what_to_do(tiny_llama: Path) -> None:
    with pytest.raises(InputError, match=r"llama\.cpp reads GGUF files.*convert"):
        open_backend(str(tiny_llama), "llama")


def test_llama_refuses_an_adapter(demo_gguf: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no adapter"):
        open_backend(str(demo_gguf), "llama", BackendOptions(adapter=tmp_path))


def test_a_prompt_queue_gives_every_prompt_once_and_neighbours_together() -> None:
    texts = [f"schema {n % 3} question {n}" for n in range(20)]
    prompts = PromptQueue(texts, 4)
    taken: list[list[int]] = [[] for _ in range(4)]

    def work(slot: int) -> None:
        while (index := prompts.next(slot)) is not None:
            taken[slot].append(index)

    threads = [threading.Thread(target=work, args=(slot,)) for slot in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(index for part in taken for index in part) == list(range(20))

    alone = PromptQueue(texts, 1)
    order = [alone.next(0) for _ in range(20)]
    assert [texts[index] for index in order if index is not None] == sorted(texts)


def test_a_prompt_queue_of_nothing() -> None:
    assert PromptQueue([], 0).slots == 0


def test_importing_the_room_loads_no_runtime() -> None:
    code = (
        "import sys, t2sql.generate, t2sql.evaluate; from t2sql.generate import ask, open_backend;"
        "print([m for m in sys.modules if m.split('.')[0] in"
        " ('mlx','mlx_lm','xllamacpp','numpy','sqlglot','transformers')])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
