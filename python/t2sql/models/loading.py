"""A model, its tokenizer and an adapter in MLX, held as the device's policy says."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t2sql.checked_json import read_json
from t2sql.errors import InputError, T2sqlError
from t2sql.gguf import check_settings, read_weights
from t2sql.models.adapters import apply_adapter, flat
from t2sql.models.importing import as_directory
from t2sql.models.memory import check_memory, model_size
from t2sql.models.reference import ModelRef, check_directory, resolve
from t2sql.models.weights import dequantize, set_full_dtype
from t2sql.plain import JsonObject
from t2sql.runtimes import Module, mlx_lm, mx, policy

_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json")


@dataclass
class Loaded:
    """A model in MLX, ready to run.

    Attributes:
        model: mlx-lm's model; training changes it.
        tokenizer: mlx-lm's wrapper around the tokenizer of transformers.
        config: config.json as the weights are now: without a quantization that was undone.
        path: The Hugging Face directory that it was loaded from.
        name: Short name for people.
        weights: How the weights are stored in memory, such as `float32` or `4-bit`.
    """

    model: Module
    tokenizer: Any
    config: dict[str, Any]
    path: Path
    name: str
    weights: str = "float32"


def load(
    model: ModelRef | str | Path,
    *,
    adapter: str | Path | None = None,
    quantized: bool | None = None,
    halves: bool = False,
    prepare: Callable[[Module], None] | None = None,
    dtype: str | None = None,
    tokenizer: Any = None,
) -> Loaded:
    """Load a model, in the type of the device's policy unless `dtype` says otherwise.

    Args:
        model: A reference; a text or a path is resolved first. A GGUF file is imported into the cache.
        adapter: An adapter directory to put on it.
        quantized: Whether matrices that are quantized keep their bits; by default as the policy says.
        halves: Whether full matrices that are stored in 16 bits stay so.
        prepare: Changes the network before its arrays are read from the disk.
        dtype: MLX's name of a float type for the weights.
        tokenizer: The model's tokenizer, where it has been loaded already.

    Raises:
        InputError: The files are missing, damaged or of an unknown architecture, or the adapter does not
            fit.
        WorkError: There is not enough memory.
    """
    ref = model if isinstance(model, ModelRef) else resolve(model)
    check_memory(
        model_size(ref).loading(dtype, quantized=quantized),
        what="load the model in MLX",
        where=ref.source,
        hint="llama.cpp reads a GGUF file in place: t2sql convert DIR OUT.gguf --type q8_0.",
    )
    ref = as_directory(ref)
    here = policy()
    network, config = load_network(ref.path)
    is_quantized = bool(config.get("quantization"))
    keeps = here.keeps_quantized if quantized is None else quantized
    if is_quantized and not keeps:
        network = dequantize(network, here.dtype)
        is_quantized = False
        config = {k: v for k, v in config.items() if k not in ("quantization", "quantization_config")}
    stored = dtype or (None if is_quantized and here.keeps_quantized else here.weights)
    if stored:
        set_full_dtype(network, getattr(mx, stored), halves=halves)
    if prepare is not None:
        prepare(network)
    _evaluate(network, ref.path)
    weights = f"{config['quantization']['bits']}-bit" if is_quantized else (stored or "float32")
    if adapter is not None:
        apply_adapter(network, Path(adapter), ref.path)
        if stored and not is_quantized:
            network.set_dtype(getattr(mx, stored))
    network.eval()
    words = load_tokenizer(ref.path, config) if tokenizer is None else tokenizer
    return Loaded(network, words, config, ref.path, ref.name, weights)


def load_network(path: Path) -> tuple[Module, dict[str, Any]]:
    """mlx-lm's model of a directory and its config.json; the weights are not yet read from the disk.

    Raises:
        InputError: The files are missing or damaged, the architecture is unknown, or the weights do not
            fit the config.
    """
    check_directory(path)
    check_config(path)
    files = {info.path for info in read_weights(path).values()}
    try:
        with _as_mlx_lm_reads(path, sorted(files)) as folder:
            network, config = mlx_lm.load_model(folder, lazy=True)
    except T2sqlError:
        raise
    # mlx-lm builds models from config.json as it stands, which can fail in any way.
    except Exception as error:
        text = str(error).strip()
        if "not supported" in text:
            raise InputError(
                "architecture not supported",
                where=path / "config.json",
                expected="a model type that mlx-lm knows",
                found=read_json(path / "config.json").get("model_type"),
            ) from None
        quantized = read_json(path / "config.json").get("quantization_config")
        raise InputError(
            "the model does not load",
            where=path,
            found=" ".join(text.split())[:300] or type(error).__name__,
            hint="Its weights are quantized: take the full-precision model" if quantized else None,
        ) from None
    return network, config


def load_tokenizer(path: Path, config: JsonObject) -> Any:
    """mlx-lm's wrapper around the tokenizer of a directory.

    Args:
        path: The directory.
        config: Its config.json; `eos_token_id` there decides which tokens end an answer.

    Raises:
        InputError: There is no tokenizer, or transformers does not load it.
    """
    if not any((path / name).is_file() for name in _TOKENIZER_FILES):
        raise InputError("no tokenizer in the model directory", where=path, expected="tokenizer.json")
    try:
        # A directory that names code of its own would be asked about on the terminal.
        return mlx_lm.load_tokenizer(
            path, {"trust_remote_code": False}, eos_token_ids=config.get("eos_token_id")
        )
    except Exception as error:
        # transformers raises whatever its many loaders raise.
        found = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError("the tokenizer does not load", where=path, found=found) from None


def check_config(path: Path) -> None:
    """Check that a directory's config.json parses and names a model type that computes as stated.

    Raises:
        InputError: It does not, or a setting changes what a model of a known family computes.
    """
    file = path / "config.json"
    config = read_json(file)
    if not isinstance(config.get("model_type"), str):
        raise InputError("config.json names no model", where=file, expected='a "model_type"')
    check_settings(file)


@contextmanager
def _as_mlx_lm_reads(path: Path, files: Sequence[Path]) -> Iterator[Path]:
    """A directory in which mlx-lm reads these weights and no others.

    It reads every model*.safetensors, whatever the index says. Where those are other files, links to the
    right ones are made for as long as they are being opened.
    """
    if sorted(path.glob("model*.safetensors")) == list(files):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="t2sql-") as name:
        folder = Path(name)
        for entry in path.iterdir():
            if entry.suffix != ".safetensors":
                (folder / entry.name).symlink_to(entry.resolve())
        for number, file in enumerate(files):
            (folder / f"model-{number:05d}.safetensors").symlink_to(file.resolve())
        yield folder


def _evaluate(network: Module, path: Path) -> None:
    try:
        # One by one, so that what an array is computed from is gone before the next.
        for value in flat(network.parameters()).values():
            mx.eval(value)
    except RuntimeError as error:
        raise InputError("the weights cannot be read", where=path, found=str(error)[:200]) from None
