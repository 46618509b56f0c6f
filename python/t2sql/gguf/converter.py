"""A Hugging Face directory to GGUF: everything is checked and planned here, then Rust moves the bytes."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from safetensors.numpy import save_file

from t2sql._core import TensorPlan
from t2sql.bounds import check_names
from t2sql.files import check_free
from t2sql.gguf.container import read_safetensors
from t2sql.gguf.families.registry import by_hf_architecture
from t2sql.gguf.ggml_types import file_type_named
from t2sql.gguf.hf import HfDirectory, read_directory
from t2sql.gguf.hf_config import read_config
from t2sql.gguf.importance import apply_importance
from t2sql.gguf.metadata import metadata_of
from t2sql.gguf.options import ConvertKeywords, ConvertOptions
from t2sql.gguf.plan import plan_files, plan_tensor
from t2sql.gguf.rounding import rounding_entries, rounding_warnings
from t2sql.gguf.source_model import model_of, read_model
from t2sql.gguf.tensor_types import plan_types
from t2sql.gguf.tensors import FloatArray
from t2sql.gguf.writing import ConvertResult, write_files
from t2sql.progress import Progress


def convert(
    source: str | Path | HfDirectory,
    out: str | Path,
    options: ConvertOptions = ConvertOptions(),  # noqa: B008 (frozen)
    *,
    progress: Progress | None = None,
    **changes: Unpack[ConvertKeywords],
) -> ConvertResult:
    """Write the model in a Hugging Face directory as a GGUF file.

    Nothing is written unless architecture, tensors, types and tokenizer are all understood, and the output
    appears under its name when it is whole.

    Args:
        source: A directory with config.json, safetensors weights (full precision, or quantized by MLX) and
            a tokenizer; or one that is read already, whose tensors may have an adapter in them.
        out: The GGUF file; with `max_shard_size`, the name that the files of the set are named after.
        options: How to convert.
        progress: Counts bytes of the source.
        **changes: Fields of `ConvertOptions` that replace those of `options`, such as `type="q8_0"`.

    Raises:
        InputError: The source cannot be converted, an option is wrong, or the output exists.
        WorkError: Writing failed.
    """
    started = time.perf_counter()
    check_names("convert", changes, ConvertKeywords.__annotations__)
    options = replace(options, **changes)
    out = Path(out)
    target = file_type_named(options.type)
    check_free(out, force=options.force)
    directory = source if isinstance(source, HfDirectory) else read_directory(Path(source))
    model = model_of(directory, pre=options.pre)
    family, config, sources = model.family, model.directory.config, model.tensors
    shapes = {name: info.shape for name, info in sources.items()}
    chosen = plan_types(shapes, target, options)
    importance = apply_importance(options.imatrix, shapes, chosen.types)
    tensors = [
        plan_tensor(
            name,
            info,
            chosen.types[name],
            permute_heads=family.heads(name, config),
            add=family.offset(name),
            weights=importance.weights.get(name),
            rounding=options.rounding,
        )
        for name, info in sources.items()
    ]
    entries = rounding_entries(options.rounding, chosen.types)
    metadata = [*metadata_of(model, target), *importance.metadata, *entries]
    warnings = [
        *model.warnings,
        *chosen.warnings,
        *importance.warnings,
        *rounding_warnings(options.rounding, chosen.types),
    ]
    with _computed(family.computed(config)) as computed:
        files = plan_files(out, metadata, [*computed, *tensors], options.max_shard_size)
        return write_files(files, options, started=started, warnings=warnings, progress=progress)


def check_architecture(config: Path) -> None:
    """Check that the model of a config.json is of a family that can be converted.

    Raises:
        InputError: It does not parse, or names an architecture of no family; the error names them all.
    """
    directory = HfDirectory(config.parent, read_config(config), {})
    by_hf_architecture(directory.architecture, config)


def check_convertible(source: str | Path) -> None:
    """Check that `convert` would take a directory, by its config, tokenizer and headers of weights.

    Raises:
        InputError: It would not.
    """
    model = read_model(source)
    model.family.computed(model.directory.config)
    metadata_of(model, file_type_named("f32"))


@contextmanager
def _computed(tensors: Mapping[str, FloatArray]) -> Iterator[list[TensorPlan]]:
    """Plans for tensors that no checkpoint holds, in a temporary file that lives while they are written."""
    if not tensors:
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="t2sql-") as folder:
        path = Path(folder) / "computed.safetensors"
        save_file(dict(tensors), path)
        stored = read_safetensors(path).tensors
        yield [plan_tensor(name, stored[name], "f32") for name in tensors]
