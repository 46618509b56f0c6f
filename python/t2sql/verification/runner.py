"""`verify`: the checks in order of cause and effect, stopping where a fault makes the rest meaningless."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

from t2sql import models
from t2sql.errors import InputError, T2sqlError, WorkError
from t2sql.gguf import (
    LONG,
    GgufFile,
    file_type_named,
    main_type,
    metadata_of,
    read_gguf,
    read_model,
)
from t2sql.progress import Progress
from t2sql.runtimes import LlamaPredictor, Prediction
from t2sql.verification import behaviour
from t2sql.verification.bounds import bounds_of
from t2sql.verification.numbers import check_numbers
from t2sql.verification.original import Original, inner_tokenizer, predictions
from t2sql.verification.result import Check, TensorError, VerifyResult
from t2sql.verification.structure import check_structure
from t2sql.verification.tokens import Limits, check_imported, check_tokens, check_vocabulary

# Tokens of context that every text of `Original` fits into.
_CONTEXT = 512


def verify(
    source: str | Path,
    gguf: str | Path,
    *,
    prompts: Sequence[str] = (),
    progress: Progress | None = None,
) -> VerifyResult:
    """Compare a GGUF file with the Hugging Face directory that it was made from.

    Args:
        source: The directory.
        gguf: The file; of a split model, the first.
        prompts: Texts of the caller's own to tokenize and predict, beside the built-in ones.
        progress: Reports what is being compared.

    Raises:
        InputError: The source or the file is missing or malformed.
    """
    return next(verify_files(source, [gguf], prompts=prompts, progress=progress))


def verify_files(
    source: str | Path,
    files: Sequence[str | Path],
    *,
    prompts: Sequence[str] = (),
    progress: Progress | None = None,
) -> Iterator[VerifyResult]:
    """Compare several files with one source, which is loaded and run once.

    The arguments are those of `verify`.

    Yields:
        The result of each file, in their order.

    Raises:
        InputError: As for `verify`.
    """
    model = read_model(source)
    for path in files:
        check_fits(model.directory.path, Path(path))
    directory, family, names = model.directory, model.family, model.names
    entries = metadata_of(model, file_type_named("f32"))
    expected = {entry.key: entry.value for entry in entries}
    original = Original(directory.path, prompts)
    limits = Limits(model.prefixes_once, model.vocabulary.without_row)
    for path in files:
        started = time.perf_counter()
        file = read_gguf(Path(path))
        tensors: list[TensorError] = []
        checks = check_structure(directory, family, names, expected, file)
        if all(check.ok for check in checks):
            numbers, tensors = check_numbers(directory, family, names, file, progress)
            checks += numbers
            checks += check_vocabulary(expected, file)
            checks += _check_in_runtimes(original, file, limits, progress)
        seconds = time.perf_counter() - started
        yield VerifyResult(directory.path, file.path, main_type(file), checks, seconds, tensors)


def check_fits(source: Path, gguf: Path | None = None) -> None:
    """Refuse a verification for which there is not enough memory, before anything is compared.

    Args:
        source: The source's directory, or the GGUF that it is imported from.
        gguf: The file to verify; None where it is not yet written.

    Raises:
        InputError: A header does not parse.
        WorkError: There is less memory.
    """
    tensors = [] if gguf is None else read_gguf(gguf, arrays=False).tensors.values()
    # llama.cpp reads full matrices in place and copies quantized ones.
    copied = sum(info.nbytes for info in tensors if info.type not in ("f32", "f16", "bf16"))
    # The source's weights as float32 are in memory while llama.cpp has the file open.
    need = models.model_size(source).loading("float32", quantized=False) + copied
    models.check_memory(need, what="compare what source and file predict", where=gguf or source)


def _check_in_runtimes(
    original: Original, file: GgufFile, limits: Limits, progress: Progress | None
) -> list[Check]:
    """What only running the file shows: first in llama.cpp, then in MLX."""
    bounds = bounds_of(main_type(file))
    try:
        llama = LlamaPredictor(file.path, context=_context(file))
    except (WorkError, InputError) as error:
        return [Check("structure/llama.cpp loads it", False, str(error), "loads")]
    # The server is closed before the thread is waited for: what it still asks then fails.
    with ThreadPoolExecutor(1) as pool, llama:
        checks = check_tokens(
            original.tokenizer,
            file,
            lambda text, special: llama.tokenize(text, special=special),
            original.prompts,
            limits=limits,
        )
        waiting = pool.submit(behaviour.in_llama_cpp, original, llama)
        if not llama.single_threaded:
            # Beside other work several threads of llama.cpp would mostly wait for each other.
            _wait(waiting, progress)
        if progress is not None:
            progress(0, 1, "predictions in MLX")
        expected = original.expected
        try:
            loaded = models.load_gguf(file.path, dtype="float32")
        except T2sqlError as error:
            fault = Check("structure/MLX loads it", False, str(error), "loads")
            measured = behaviour.against_llama_cpp(original, expected, waiting.result())
            return [*checks, *behaviour.checks("llama.cpp", measured, bounds), fault]
        in_mlx = predictions(loaded.model, original)
        _wait(waiting, progress)
        in_llama = waiting.result()
    measured = behaviour.against_llama_cpp(original, expected, in_llama)
    checks += behaviour.checks("llama.cpp", measured, bounds)
    checks.append(check_imported(original.tokenizer, inner_tokenizer(loaded.tokenizer), limits))
    checks += behaviour.checks("MLX", behaviour.against_mlx(original, expected, in_mlx), bounds)
    between = behaviour.against_llama_cpp(original, in_mlx, in_llama)
    checks.append(behaviour.runtimes_check(between, bounds))
    # From cause to effect: what MLX shows of structure and tokens comes before what it predicts.
    return sorted(checks, key=lambda check: check.group == "behaviour")


def _wait(waiting: Future[list[Prediction]], progress: Progress | None) -> None:
    """Wait for predictions in llama.cpp."""
    if progress is not None and not waiting.done():
        progress(0, 1, "predictions in llama.cpp")
    wait([waiting])


def _context(file: GgufFile) -> int:
    """Tokens of context to open the file with.

    Of two sets of rotary factors llama.cpp takes the long one in a context longer than the original, and MLX
    always takes it.
    """
    original = file.integer("{arch}.rope.scaling.original_context_length", default=0, least=0)
    if LONG in file.tensors and original:
        return max(_CONTEXT, original + 1)
    return _CONTEXT
