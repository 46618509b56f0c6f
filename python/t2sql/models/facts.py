"""What a model says of itself: how its weights are held, what prompt it knows, which answers to trust."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

PROMPT_FORMAT_KEY = "t2sql.prompt_format"
MIN_LOGPROB_KEY = "t2sql.min_logprob"


@dataclass(frozen=True)
class GgufFacts:
    """`type` is the tensor type that most bytes are stored in."""

    type: str
    context: int | None
    prompt_format: str | None
    min_logprob: float | None


def gguf_facts(path: Path, adapter: Path | None = None) -> GgufFacts:
    """The facts of a file; with an adapter, the prompt is what that was trained on, and nothing is known of
    what to trust."""
    from t2sql.gguf import read_gguf

    gguf = read_gguf(path, arrays=False)
    sizes: Counter[str] = Counter()
    for tensor in gguf.tensors.values():
        sizes[tensor.type] += tensor.nbytes
    context = gguf.get("{arch}.context_length")
    prompt_format = (gguf if adapter is None else read_gguf(adapter, arrays=False)).get(PROMPT_FORMAT_KEY)
    min_logprob = gguf.get(MIN_LOGPROB_KEY) if adapter is None else None
    return GgufFacts(
        type=sizes.most_common(1)[0][0] if sizes else "empty",
        context=int(context) if context else None,
        prompt_format=str(prompt_format) if prompt_format is not None else None,
        min_logprob=_number(min_logprob),
    )


def directory_facts(path: Path) -> tuple[str | None, float | None]:
    """(prompt format, least log-probability) as `config.json` has them under "t2sql", if it does."""
    try:
        block = json.loads((path / "config.json").read_text(encoding="utf-8"))["t2sql"]
        prompt_format, min_logprob = block.get("prompt_format"), block.get("min_logprob")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None, None
    return str(prompt_format) if prompt_format is not None else None, _number(min_logprob)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def directory_type(path: Path) -> str:
    """The type that most bytes of a directory's safetensors files are stored in, spelled as ggml does."""
    from t2sql.gguf import read_safetensors

    sizes: Counter[str] = Counter()
    for file in sorted(path.glob("*.safetensors")):
        for tensor in read_safetensors(file).tensors.values():
            sizes[tensor.type.lower()] += tensor.nbytes
    return sizes.most_common(1)[0][0] if sizes else "empty"
