"""llama.cpp inside this process, by xllamacpp: parallel slots, each with its own prompt cache."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql.errors import ContextError, InputError, WorkError
from t2sql.generate.backend import Generation, OnResult, statement
from t2sql.generate.order import Runs
from t2sql.interrupts import interrupts_held
from t2sql.models import gguf_facts
from t2sql.runtimes import parameters, start, xllamacpp

if TYPE_CHECKING:
    from t2sql.grammar import Grammar
    from t2sql.models import ModelRef

DEFAULT_CONTEXT = 2048
_ERRORS_ONLY = 1


class LlamaBackend:
    """A GGUF file in llama.cpp.

    `context` is what one prompt and its answer may take, in tokens; every slot has as much.
    """

    name = "llama"
    concurrent = True

    def __init__(
        self,
        ref: ModelRef,
        *,
        threads: int | None = None,
        context: int | None = None,
        slots: int = 1,
        gpu_layers: int | None = None,
    ) -> None:
        self.model = ref.name
        self.path = Path(ref.path)
        facts = gguf_facts(self.path, ref.adapter)
        self.prompt_format, self.min_logprob = facts.prompt_format, facts.min_logprob
        self.weights = facts.type
        self.slots = slots
        self.context = min(context or DEFAULT_CONTEXT, facts.context or DEFAULT_CONTEXT)
        self.device = _device(gpu_layers)
        self._lock = threading.Lock()
        if ref.adapter is not None:
            from t2sql.gguf import read_adapter

            # llama.cpp gives no reason when an adapter does not fit.
            read_adapter(ref.adapter, self.path)
        params = _params(self.path, ref.adapter, self.context, slots, threads, gpu_layers)
        started = time.perf_counter()
        try:
            self._server: Any = start(params)
        except RuntimeError:
            raise InputError(
                "llama.cpp cannot load the model", where=self.path, found=_why(self.path)
            ) from None
        self.load_seconds = time.perf_counter() - started

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
        from t2sql.prompt import prompt_text

        if self._server is None:
            raise WorkError("the model is closed", where=self.path)
        texts = [prompt_text(prompt) for prompt in prompts]
        arrived: queue.SimpleQueue[tuple[int, Generation | BaseException]] = queue.SimpleQueue()
        cancelled = threading.Event()
        runs = Runs(texts, min(self.slots, len(texts)))

        def work(slot: int) -> None:
            while not cancelled.is_set() and (index := runs.next(slot)) is not None:
                grammar = grammars[index] if grammars else None
                request = _request(texts[index], max_tokens, temp, seed + index, slot, grammar, logprobs)
                try:
                    arrived.put((index, self._complete(request, max_tokens, cancelled.is_set)))
                except BaseException as error:
                    arrived.put((index, error))

        # Requests block without letting signals in, so they run beside this thread, which waits for them
        # and can be interrupted; a request ends at its next token once `cancelled` is set.
        with self._lock:
            workers = [threading.Thread(target=work, args=(slot,), daemon=True) for slot in range(runs.count)]
            results: dict[int, Generation] = {}
            try:
                # All or none: what still computes when the process ends takes it down.
                with interrupts_held():
                    for worker in workers:
                        worker.start()
                while len(results) < len(texts):
                    index, outcome = arrived.get()
                    if isinstance(outcome, BaseException):
                        raise outcome
                    results[index] = outcome
                    if on_result is not None:
                        on_result(index, outcome)
            finally:
                cancelled.set()
                for worker in workers:
                    if worker.ident is not None:
                        worker.join()
        return [results[index] for index in range(len(texts))]

    def stream(
        self,
        prompt: str,
        *,
        max_tokens: int = 128,
        temp: float = 0.0,
        seed: int = 0,
        on_text: Callable[[str], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        grammar: Grammar | None = None,
        logprobs: bool = False,
    ) -> Generation:
        """Answer one prompt in whichever slot is free; threads may call this at once.

        `on_text` gets each piece of the text as it comes. Once `cancelled` says so, the answer ends at its
        next token. Close the backend only when no call is left.
        """
        from t2sql.prompt import prompt_text

        if self._server is None:
            raise WorkError("the model is closed", where=self.path)
        request = _request(prompt_text(prompt), max_tokens, temp, seed, -1, grammar, logprobs)
        return self._complete(request, max_tokens, cancelled, on_text)

    def _complete(
        self,
        request: dict[str, Any],
        max_tokens: int,
        cancelled: Callable[[], bool],
        on_text: Callable[[str], None] | None = None,
    ) -> Generation:
        parts: list[str] = []
        likely: list[float] = []
        last: dict[str, Any] = {}
        finish = None

        def receive(chunk: dict[str, Any]) -> bool:
            nonlocal last, finish
            last = chunk
            for choice in chunk.get("choices") or ():
                text = choice.get("text") or ""
                parts.append(text)
                # Of tokens that end within a character llama.cpp says nothing.
                said = (choice.get("logprobs") or {}).get("content") or ()
                likely.extend(token["logprob"] for token in said)
                if on_text is not None and text:
                    on_text(text)
                finish = choice.get("finish_reason") or finish
            return cancelled()

        self._server.handle_completions(request, receive)
        error = last.get("error") or (last if "code" in last else None)
        if error is not None:
            raise self._refused(error)
        if finish is None and not cancelled():
            # An exception in `receive` is swallowed, and ends the answer.
            raise WorkError("llama.cpp broke off its answer", where=self.path, found=repr("".join(parts)))
        timings = last.get("timings") or {}
        cached = int(timings.get("cache_n", 0))
        return Generation(
            text=statement("".join(parts)),
            prompt_tokens=int(timings.get("prompt_n", 0)) + cached,
            tokens=int(timings.get("predicted_n", 0)),
            prompt_seconds=float(timings.get("prompt_ms", 0.0)) / 1000,
            seconds=float(timings.get("predicted_ms", 0.0)) / 1000,
            finish="length" if finish == "length" else "stop",
            cached_tokens=cached,
            logprob=sum(likely) / len(likely) if likely else None,
        )

    def _refused(self, error: dict[str, Any]) -> Exception:
        if error.get("type") == "exceed_context_size_error":
            return ContextError(
                "the prompt does not fit the context",
                where=self.path,
                expected=f"at most {error.get('n_ctx', self.context)} tokens",
                found=f"{error.get('n_prompt_tokens', 'more')} tokens",
                hint="Give fewer tables or columns",
            )
        return WorkError(
            "llama.cpp refused the request", where=self.path, found=error.get("message") or str(error)
        )

    def close(self) -> None:
        """Free the model; the backend cannot be used after it."""
        with self._lock:
            self._server = None

    def __enter__(self) -> LlamaBackend:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _params(
    path: Path,
    adapter: Path | None,
    context: int,
    slots: int,
    threads: int | None,
    gpu_layers: int | None,
) -> Any:
    params = parameters(path, context=context, slots=slots, adapter=adapter)
    if gpu_layers is not None:
        params.n_gpu_layers = gpu_layers
    count = threads or _cpus()
    if count:
        params.cpuparams.n_threads = count
    return params


def _cpus() -> int | None:
    """The processors this process may use, where the system can say; else llama.cpp chooses."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def _request(
    text: str,
    max_tokens: int,
    temp: float,
    seed: int,
    slot: int,
    grammar: Grammar | None,
    logprobs: bool,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "prompt": text,
        "n_predict": max_tokens,
        "temperature": temp,
        "seed": seed,
        "stop": ["\n"],
        "cache_prompt": True,
        "id_slot": slot,
        "stream": True,
    }
    if grammar is not None:
        request["grammar"] = grammar.gbnf
    if logprobs:
        request["logprobs"] = 1
    if temp > 0:
        # The plain distribution, as the other backends sample it.
        request |= {"top_k": 0, "top_p": 1.0, "min_p": 0.0}
    return request


def _device(gpu_layers: int | None) -> str:
    if gpu_layers == 0:
        return "cpu"
    for device in xllamacpp.get_device_info():
        if "GPU" in str(device["type"]):
            return str(device["name"]).rstrip("0123456789").lower()
    return "cpu"


_LOAD = """
import sys, xllamacpp
p = xllamacpp.CommonParams()
p.model.path, p.n_ctx, p.verbosity, p.warmup, p.fit_params = sys.argv[1], 256, int(sys.argv[2]), False, False
xllamacpp.Server(p)
"""


def _why(path: Path) -> str:
    """llama.cpp gives its reason only on stderr: load once more where that can be read."""
    try:
        run = subprocess.run(
            [sys.executable, "-c", _LOAD, str(path), str(_ERRORS_ONLY)],
            capture_output=True,
            text=True,
            timeout=60,
        )
    except (OSError, subprocess.SubprocessError):
        return "no reason given"
    reasons = [line for line in run.stderr.splitlines() if "error loading model: " in line]
    return reasons[0].partition("error loading model: ")[2].strip() if reasons else "no reason given"
