"""Answers on a GPU: t2sql's batch beside mlx-lm's stream, and the chain from training to asking.

The functions are parts of `gpu.py`, each run in a process of its own.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from t2sql import data, evaluate, fuse, gguf, train
from t2sql.generate import Request, open_backend
from t2sql.grammar import grammar_of
from t2sql.runtimes import device, mx, peak_memory
from t2sql.train import TrainConfig

# isort: split
# After t2sql's runtimes, so that MLX finds the fast BLAS.
from mlx_lm import load, stream_generate

BATCH = 32


def answer_t2sql(model: Path, dataset: Path, tokens: int) -> dict[str, Any]:
    """Tokens a second of t2sql's MLX backend: one question at a time, with a grammar, and 32 together."""
    examples = data.load(dataset).test[:BATCH]
    requests = [Request(example.prompt, max_tokens=tokens) for example in examples]
    bound = [
        Request(example.prompt, max_tokens=tokens, grammar=grammar_of(example.schema)) for example in examples
    ]
    with closing(open_backend(str(model), "mlx")) as backend:
        backend.answers(requests)
        single = [backend.answer(request) for request in requests[:4]]
        backend.answers(bound[:2])
        with_grammar = [backend.answer(request) for request in bound[:8]]
        began = time.perf_counter()
        together = backend.answers(requests)
        seconds = time.perf_counter() - began
        return {
            "weights": backend.weights,
            "device": backend.device,
            "load_seconds": backend.load_seconds,
            "tokens_per_second": sum(a.tokens for a in single) / sum(a.seconds for a in single),
            "tokens_per_second_with_grammar": sum(a.tokens for a in with_grammar)
            / sum(a.seconds for a in with_grammar),
            "tokens_per_second_batch": sum(a.tokens for a in together) / seconds,
            "batch": len(requests),
            "prompt_tokens_per_second": sum(a.prompt_tokens for a in single)
            / sum(a.prompt_seconds for a in single),
            "peak_memory_bytes": peak_memory(),
        }


def answer_mlx_lm(model: Path, dataset: Path, tokens: int) -> dict[str, Any]:
    """Tokens a second of mlx-lm's `stream_generate` on the same prompts, one at a time."""
    network, tokenizer = load(str(model))[:2]
    prompts = [example.prompt.rstrip(" ") for example in data.load(dataset).test[:5]]
    total, seconds, prompt_total, prompt_seconds = 0, 0.0, 0, 0.0
    for number, prompt in enumerate(prompts):
        *_, last = stream_generate(network, tokenizer, prompt, max_tokens=tokens)
        if number == 0:
            continue  # kernels are compiled during the first
        total, seconds = (
            total + last.generation_tokens,
            seconds + last.generation_tokens / last.generation_tps,
        )
        prompt_total, prompt_seconds = (
            prompt_total + last.prompt_tokens,
            prompt_seconds + last.prompt_tokens / last.prompt_tps,
        )
    return {
        "tokens_per_second": total / seconds,
        "prompt_tokens_per_second": prompt_total / prompt_seconds,
        "peak_memory_bytes": peak_memory(),
    }


def chain(model: Path, dataset: Path, steps: int) -> dict[str, Any]:
    """Train, test, fuse, convert and ask, each stage's seconds; `ok` says that the fused model answers."""
    work = Path(tempfile.mkdtemp(prefix="chain-", dir=model.parent))
    source = data.load(dataset)
    seconds: dict[str, float] = {}

    def timed(name: str, since: float) -> float:
        seconds[name] = time.perf_counter() - since
        return time.perf_counter()

    now = time.perf_counter()
    config = TrainConfig.of(
        model=str(model), iters=steps, num_layers=-1, steps_per_eval=steps, save_every=steps
    )
    result = train.train(config, source, work / "run", emit=lambda event: None)
    now = timed("train", now)
    (score,) = evaluate.score_checkpoints(
        model, [result.best], source, source.valid[:8], evaluate.PredictOptions(max_tokens=24, grammar=True)
    )
    now = timed("test", now)
    fused = fuse.fuse(model, result.best, work / "fused")
    now = timed("fuse", now)
    converted = gguf.convert(fused.path, work / "fused.q8_0.gguf", type="q8_0")
    now = timed("convert", now)
    texts = []
    for path in (fused.path, converted.path):
        with closing(open_backend(str(path), "mlx")) as backend:
            example = source.test[0]
            request = Request(
                example.prompt, max_tokens=24, grammar=grammar_of(example.schema), logprobs=True
            )
            texts.append(backend.answer(request).text)
    timed("ask", now)
    return {
        "seconds": seconds,
        "base_valid_loss": result.base_valid_loss,
        "valid_loss": result.valid_loss,
        "scored_in": score.predictions.backend,
        "fuse_lost": fused.lost,
        "answers": texts,
        "peak_memory_bytes": peak_memory(),
        "ok": all(text.startswith("SELECT") for text in texts)
        and (result.valid_loss or 0.0) < (result.base_valid_loss or 0.0),
    }


def device_facts() -> dict[str, Any]:
    """The device's name, memory and speed in a large product."""
    size, rounds = (256, 2) if device() == "cpu" else (8192, 20)
    facts: dict[str, Any] = {key: value for key, value in mx.device_info().items()}
    a = mx.random.normal((size, size)).astype(mx.bfloat16)
    mx.eval(a, a @ a)
    began = time.perf_counter()
    for _ in range(rounds):
        mx.eval(a @ a)
    facts["bfloat16_tflops"] = rounds * 2 * size**3 / (time.perf_counter() - began) / 1e12
    return facts
