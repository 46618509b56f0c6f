"""A base and an adapter straight to GGUF: the sum exists nowhere but in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from t2sql.cache import temporary_folder
from t2sql.checked_json import read_json
from t2sql.fuse.adapted_model import DTYPES, described, read_adapted, write_description
from t2sql.fuse.directory import Description
from t2sql.fuse.probe import Probe
from t2sql.gguf import ConvertKeywords, ConvertOptions, ConvertResult, convert
from t2sql.models import ModelRef, adapter_grammar, adapter_min_logprob, as_directory, load_tokenizer, resolve
from t2sql.progress import Progress


def convert_adapted(
    model: ModelRef | str | Path,
    adapter: str | Path,
    out: str | Path,
    options: ConvertOptions = ConvertOptions(),  # noqa: B008 (frozen)
    *,
    progress: Progress | None = None,
    check_effect: bool = True,
    **changes: Unpack[ConvertKeywords],
) -> ConvertResult:
    """Write a model with an adapter in its weights as a GGUF file of any type, in one pass.

    The sums are float32 and go straight to the file's type. Memory does not grow with the model, and nothing
    is written but the file.

    Args:
        model: The base model; a text or a path is resolved first.
        adapter: The adapter directory.
        out: The GGUF file.
        options: How to convert.
        progress: Counts bytes of the source.
        check_effect: Refuse an adapter of zeros, such as one from before the first step.
        **changes: Fields of `ConvertOptions` that replace those of `options`.

    Raises:
        InputError: As `gguf.convert`; or the adapter does not fit or is in the weights already.
        WorkError: The adapter has no effect, or writing failed.
    """
    ref = as_directory(model if isinstance(model, ModelRef) else resolve(model))
    adapter = Path(adapter)
    adapted = read_adapted(ref.path, adapter)
    if check_effect:
        adapted.changes.check_effect(adapter)
    description = Description.of(
        ref, adapter, min_logprob=adapter_min_logprob(adapter), grammar=adapter_grammar(adapter)
    )
    config = read_json(ref.path / "config.json")
    adds_bos = Probe(load_tokenizer(ref.path, config), config).adds_bos
    with temporary_folder("converting") as folder:
        # The model's name where config.json and the model card have none.
        small = folder / ref.path.resolve().name
        small.mkdir()
        write_description(ref, small, DTYPES[adapted.stored], description, adds_bos=adds_bos)
        return convert(described(adapted, small), out, options, progress=progress, **changes)
