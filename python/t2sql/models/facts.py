"""Facts in a model's files: the type of its weights, its prompt format, and which answers to trust."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from t2sql.errors import InputError
from t2sql.gguf import read_gguf, read_weights
from t2sql.grammar import WIDTHS, Width
from t2sql.plain import parse_json
from t2sql.runs import RunLayout
from t2sql.runs.records import ChosenCheckpoint, RecordError

PROMPT_FORMAT_KEY = "t2sql.prompt_format"
MIN_LOGPROB_KEY = "t2sql.min_logprob"
GRAMMAR_KEY = "t2sql.grammar"


@dataclass(frozen=True)
class GgufFacts:
    """What a GGUF file says about itself.

    Attributes:
        type: The tensor type that most bytes are stored in, as ggml names it; "empty" without tensors.
        context: Tokens of the context that the model was made for.
        prompt_format: Version of the prompt that the model was trained on; None when it was not our model.
        min_logprob: Mean log-probability under which an answer is uncertain; None when it is not known.
        grammar: The grammar that its answers need; None when it is not known.
    """

    type: str
    context: int | None
    prompt_format: str | None
    min_logprob: float | None
    grammar: Width | None = None


class DirectoryFacts(NamedTuple):
    """What the `t2sql` block in a directory's config.json says.

    Attributes:
        prompt_format: As in `GgufFacts`.
        min_logprob: As in `GgufFacts`.
        grammar: As in `GgufFacts`.
    """

    prompt_format: str | None
    min_logprob: float | None
    grammar: Width | None = None


def gguf_facts(path: Path, adapter: Path | None = None) -> GgufFacts:
    """Read the facts of a GGUF file.

    Args:
        path: The file.
        adapter: A GGUF adapter on it. The prompt format, `min_logprob` and the grammar are then the
            adapter's: the model's own were measured without it.

    Raises:
        InputError: A file does not parse.
    """
    gguf = read_gguf(path, arrays=False)
    sizes: Counter[str] = Counter()
    for tensor in gguf.tensors.values():
        sizes[tensor.type] += tensor.nbytes
    context = gguf.integer("{arch}.context_length", default=0, least=0)
    tuned = gguf if adapter is None else read_gguf(adapter, arrays=False)
    prompt_format, min_logprob = tuned.get(PROMPT_FORMAT_KEY), tuned.get(MIN_LOGPROB_KEY)
    return GgufFacts(
        type=sizes.most_common(1)[0][0] if sizes else "empty",
        context=context or None,
        prompt_format=str(prompt_format) if prompt_format is not None else None,
        min_logprob=_number(min_logprob),
        grammar=_width(tuned.get(GRAMMAR_KEY)),
    )


def directory_facts(path: Path) -> DirectoryFacts:
    """Read the `t2sql` block of a directory's config.json; every fact is None where there is none."""
    try:
        block = parse_json((path / "config.json").read_text(encoding="utf-8"))["t2sql"]
        prompt_format, min_logprob = block.get("prompt_format"), block.get("min_logprob")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return DirectoryFacts(None, None)
    prompt_format = str(prompt_format) if prompt_format is not None else None
    return DirectoryFacts(prompt_format, _number(min_logprob), _width(block.get("grammar")))


def adapter_min_logprob(adapter: Path) -> float | None:
    """The log-probability under which a checkpoint's answers are uncertain.

    It is known of a run's chosen checkpoint only; None for every other, and where none was found.

    Raises:
        InputError: best.json does not parse.
    """
    chosen = _chosen(adapter)
    return None if chosen is None else chosen.min_logprob


def adapter_grammar(adapter: Path) -> Width | None:
    """The grammar that a checkpoint's answers need; None where it is not known, as in `adapter_min_logprob`.

    Raises:
        InputError: best.json does not parse.
    """
    chosen = _chosen(adapter)
    return None if chosen is None else chosen.grammar


def _chosen(adapter: Path) -> ChosenCheckpoint | None:
    """What best.json says of a checkpoint; None of one that its run did not choose."""
    path = adapter.resolve()
    if path.parent.name != "checkpoints":
        return None
    best = RunLayout(path.parent.parent).best
    try:
        chosen = ChosenCheckpoint.from_json(parse_json(best.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, RecordError, OSError) as error:
        raise InputError("best.json does not parse", where=best, found=error) from None
    return chosen if path.name == f"{chosen.step:07d}" else None


def directory_type(path: Path) -> str:
    """The type that most bytes of a directory's safetensors files are stored in, as ggml names it.

    Raises:
        InputError: A file does not parse.
    """
    sizes: Counter[str] = Counter()
    for tensor in read_weights(path).values():
        sizes[tensor.type.lower()] += tensor.nbytes
    return sizes.most_common(1)[0][0] if sizes else "empty"


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _width(value: object) -> Width | None:
    """The grammar of a file; None where it has none, or one that a later version knows."""
    return next((width for width in WIDTHS if width == value), None)
