"""The one protocol that every runtime answers to, and which runtime a model file is opened with."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from t2sql.errors import InputError, MissingPartError

if TYPE_CHECKING:
    from t2sql.grammar import Grammar

BACKENDS = ("auto", "llama", "mlx")

Finish = Literal["stop", "length"]


@dataclass(frozen=True)
class Generation:
    """One answer. `text` is one statement; the counts and the clock are the runtime's own.

    Several prompts at once share the machine: then `prompt_seconds` and `seconds` are wall clock that
    the others also used, and only the total of a batch says how fast it was. `prompt_tokens` is the whole
    prompt, `cached_tokens` the part of it that was still in the cache, `seconds` the time from the end of
    the prompt to the last token.
    """

    text: str
    prompt_tokens: int
    tokens: int
    prompt_seconds: float
    seconds: float
    finish: Finish
    cached_tokens: int = 0
    off_grammar: bool = False
    """Set where a server that takes no grammar wrote something else."""
    logprob: float | None = None
    """The mean of the tokens' natural log-probabilities, before any grammar or temperature; None where it
    was not asked for, or the runtime does not say."""


OnResult = Callable[[int, Generation], None]


class Backend(Protocol):
    """A loaded model. `weights` says how they are held, `prompt_format` what the model was trained on, and
    `min_logprob` below which log-probability its answers are uncertain (None when it does not say).

    A backend that runs here also has `stream`, for one prompt: its text comes as it is written and can be
    ended; `concurrent` says whether several threads may use that at once.
    """

    name: str
    concurrent: bool
    model: str
    path: Path
    device: str
    weights: str
    load_seconds: float
    prompt_format: str | None
    min_logprob: float | None

    def generate(
        self,
        prompts: Sequence[str],
        *,
        max_tokens: int = 128,
        temp: float = 0.0,
        seed: int = 0,
        on_result: OnResult | None = None,
        grammars: Sequence[Grammar | None] = (),
        logprobs: bool = False,
    ) -> list[Generation]:
        """Answer each prompt (as `render_prompt` gives it), in order; greedy at temp 0.

        `grammars`, one for each prompt when there are any: only its strings can be the answer.
        `logprobs` asks for the answers' log-probabilities, for a few percent of the speed.
        `on_result(index, generation)` is called from this thread, in order of arrival.
        """
        ...

    def close(self) -> None: ...


def open_backend(
    model: str,
    backend: str = "auto",
    *,
    adapter: Path | None = None,
    threads: int | None = None,
    context: int | None = None,
    slots: int | None = None,
    gpu_layers: int | None = None,
    batch_size: int | None = None,
) -> Backend:
    """Load `model`. "auto" is llama.cpp for a GGUF file, MLX for a directory or a hub id; "openai:URL" is a
    server, which knows the model by that name.

    `context` (tokens of one prompt and its answer), `slots`, `threads` and `gpu_layers` are llama.cpp's;
    `adapter` and `batch_size` are MLX's.
    """
    from t2sql import models

    if backend.startswith("openai:"):
        from t2sql.generate.openai import OpenAIBackend

        if adapter is not None:
            raise InputError("a server has its own adapters", where=adapter)
        return OpenAIBackend(backend.removeprefix("openai:"), model, slots=slots)
    if backend not in BACKENDS:
        expected = f"{', '.join(BACKENDS)} or openai:URL"
        raise InputError("unknown backend", expected=expected, found=repr(backend))
    ref = models.resolve(model)
    if backend == "auto":
        backend = "mlx" if ref.kind == "directory" or adapter is not None else "llama"
    if adapter is not None and ref.adapter is not None:
        raise InputError("two adapters on one model", where=adapter, found=f"{ref.source} has one")
    if backend == "llama":
        if ref.kind != "gguf":
            hint = f"Make one: t2sql convert {ref.path} OUT.gguf; or use --backend mlx"
            raise InputError("llama.cpp reads GGUF files", where=ref.path, found="a directory", hint=hint)
        if adapter is not None:
            raise InputError(
                "llama.cpp is given no adapter here",
                where=adapter,
                hint="Convert it and ask BASE.gguf+ADAPTER.gguf, fuse it, or use --backend mlx",
            )
        from t2sql.generate.llama import LlamaBackend

        return LlamaBackend(ref, threads=threads, context=context, slots=slots or 1, gpu_layers=gpu_layers)
    try:
        from t2sql.generate.mlx import MlxBackend
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("mlx", "mlx_lm"):
            raise
        hint = "Run: pip install 'mlx[cpu]' mlx-lm"
        raise MissingPartError("MLX is not installed", found=f"no {error.name}", hint=hint) from None
    return MlxBackend(ref, adapter=adapter, batch_size=batch_size)


_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|(;)""")


def statement(text: str) -> str:
    """What a model wrote, cut to one statement: up to the end of its line or a `;` outside quotes."""
    from t2sql.prompt import strip_end_marks

    line = text.strip().partition("\n")[0]
    for match in _QUOTED.finditer(line):
        if match.group(1):
            line = line[: match.start()]
            break
    return strip_end_marks(line)
