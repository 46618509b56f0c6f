"""`verify`: the checks in order of cause and effect, stopping where a break makes the rest meaningless."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from t2sql.errors import WorkError
from t2sql.gguf.container import GgufFile, read_gguf
from t2sql.gguf.converter import gguf_names
from t2sql.gguf.families import by_hf_architecture
from t2sql.gguf.hf import HfDirectory, check_dtypes, read_directory
from t2sql.gguf.llamacpp import LlamaFile
from t2sql.gguf.verification.behaviour import check_behaviour
from t2sql.gguf.verification.bounds import main_type
from t2sql.gguf.verification.numbers import check_numbers
from t2sql.gguf.verification.result import Check, VerifyResult
from t2sql.gguf.verification.structure import check_structure
from t2sql.gguf.verification.tokens import check_tokens

Progress = Callable[[int, int, str], None]


def verify(source: Path, gguf: Path, *, progress: Progress | None = None) -> VerifyResult:
    """Compare the GGUF file `gguf` with the Hugging Face directory it was made from."""
    started = time.perf_counter()
    directory = read_directory(Path(source))
    family = by_hf_architecture(directory.architecture, directory.path / "config.json")
    check_dtypes(directory)
    file = read_gguf(Path(gguf))
    names = gguf_names(directory, family)
    checks = check_structure(directory, family, names, file)
    if all(check.ok for check in checks):
        checks += check_numbers(directory, family, names, file, progress)
        checks += _in_llama_cpp(directory, file, progress)
    return VerifyResult(directory.path, file.path, main_type(file), checks, time.perf_counter() - started)


def _in_llama_cpp(directory: HfDirectory, file: GgufFile, progress: Progress | None) -> list[Check]:
    from t2sql.models import load

    try:
        llama = LlamaFile(file.path)
    except WorkError as error:
        return [Check("structure/llama.cpp loads it", False, str(error), "loads")]
    with llama:
        original = load(directory.path)
        # mlx-lm wraps the tokenizer; special-token flags are the inner one's.
        tokenizer = getattr(original.tokenizer, "_tokenizer", original.tokenizer)
        checks = check_tokens(tokenizer, file, llama)
        return checks + check_behaviour(original.model, tokenizer, llama, main_type(file), progress=progress)
