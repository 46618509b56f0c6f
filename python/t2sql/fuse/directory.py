"""The files of a fused model's directory: weights in shards, config, tokenizer with our template, licence."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from t2sql.adapters import AdapterIdentity, fused_adapters, identify_adapter, read_adapter_config
from t2sql.models import ModelRef, flat
from t2sql.plain import JsonObject, parse_json
from t2sql.prompt import DEFAULT_FORMAT, PromptFormat, chat_template
from t2sql.runtimes import Array, Module, mx

SHARD_BYTES = 5 << 30
"""The most bytes of a weights file, as transformers' `save_pretrained` writes them."""

COPIED = (
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "*.tiktoken",
    "generation_config.json",
    "README*",
    "LICENSE*",
    "LICENCE*",
    "NOTICE*",
)
"""Patterns of the base's files that the fused model has too."""


@dataclass(frozen=True)
class Description:
    """What a fused model's config.json says about how it was made.

    Attributes:
        base_model: The base: a directory's or file's name, or the argument as it was given.
        adapter: The adapter in the weights; None for the base alone.
        quantization: MLX's settings that the weights are quantized with; None for full ones.
        min_logprob: The log-probability under which answers are uncertain; None when it is not known.
        grammar: The grammar that answers need, "narrow" or "wide"; None when it is not known.
        prompt_format: The prompt format that the model was trained on, as the adapter names it.
    """

    base_model: str
    adapter: AdapterIdentity | None
    quantization: JsonObject | None = None
    min_logprob: float | None = None
    grammar: str | None = None
    prompt_format: str = DEFAULT_FORMAT.name

    @classmethod
    def of(
        cls,
        model: ModelRef,
        adapter: Path | None,
        quantization: JsonObject | None = None,
        min_logprob: float | None = None,
        grammar: str | None = None,
    ) -> Description:
        """The description of a base and an adapter directory.

        Raises:
            InputError: The adapter cannot be read.
        """
        source = Path(model.source)
        trained_on = None if adapter is None else read_adapter_config(adapter).prompt_format
        return cls(
            base_model=_name(source.resolve()) if source.exists() else model.source,
            adapter=None if adapter is None else identify_adapter(adapter),
            quantization=quantization,
            min_logprob=min_logprob,
            grammar=grammar,
            prompt_format=trained_on or DEFAULT_FORMAT.name,
        )


def _name(path: Path) -> str:
    """A model's name; that of a run's fused model begins with the run's."""
    return f"{path.parent.name}/{path.name}" if path.name == "fused" else path.name


def write_weights(network: Module, folder: Path, dtype: mx.Dtype | None) -> int:
    """Write safetensors, in shards with an index where they are over `SHARD_BYTES`.

    Args:
        network: The model.
        folder: The directory; weights that are there are replaced.
        dtype: The type of the numbers; None leaves them as they are.

    Returns:
        Number of tensors.
    """
    for old in folder.glob("model*.safetensors*"):
        old.unlink()
    weights = dict(sorted(flat(network.parameters()).items()))
    if dtype is not None:
        weights = {name: value.astype(dtype) for name, value in weights.items()}
    shards = _shards(weights)
    files: dict[str, str] = {}
    for number, shard in enumerate(shards, start=1):
        sharded = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        file = "model.safetensors" if len(shards) == 1 else sharded
        mx.save_safetensors(str(folder / file), shard, metadata={"format": "pt"})
        files.update(dict.fromkeys(shard, file))
    if len(shards) > 1:
        total = sum(value.nbytes for value in weights.values())
        index: JsonObject = {"metadata": {"total_size": total}, "weight_map": files}
        _write_json(folder / "model.safetensors.index.json", index)
    return len(weights)


def _shards(weights: dict[str, Array]) -> list[dict[str, Array]]:
    """The tensors in order, cut where a file would get over `SHARD_BYTES`."""
    shards: list[dict[str, Array]] = [{}]
    size = 0
    for name, value in weights.items():
        if shards[-1] and size + value.nbytes > SHARD_BYTES:
            shards.append({})
            size = 0
        shards[-1][name] = value
        size += value.nbytes
    return shards


def write_config(base: Path, folder: Path, dtype: str, description: Description) -> None:
    """Write the base's config.json with what changed, and a `t2sql` block that says how it was made.

    Args:
        base: The base's directory.
        folder: The fused model's.
        dtype: MLX's name of the type that the weights are stored in.
        description: How it was made.
    """
    config = parse_json((base / "config.json").read_text(encoding="utf-8"))
    for key in ("quantization", "quantization_config"):
        config.pop(key, None)
        if description.quantization is not None:
            config[key] = description.quantization
    config["dtype" if "dtype" in config else "torch_dtype"] = dtype
    inside = fused_adapters(config)
    config["t2sql"] = {"prompt_format": description.prompt_format, "base_model": description.base_model}
    if description.adapter is not None:
        inside += (description.adapter,)
        config["t2sql"]["adapter"] = description.adapter.name
    if inside:
        config["t2sql"]["adapters"] = [adapter.to_json() for adapter in inside]
    if description.min_logprob is not None:
        config["t2sql"]["min_logprob"] = description.min_logprob
    if description.grammar is not None:
        config["t2sql"]["grammar"] = description.grammar
    _write_json(folder / "config.json", config)


def write_files(base: Path, folder: Path) -> None:
    """Copy the base's files that match `COPIED`."""
    for pattern in COPIED:
        for file in base.glob(pattern):
            if file.is_file():
                shutil.copyfile(file, folder / file.name)


def write_tokenizer(folder: Path, prompt_format: str, *, adds_bos: bool) -> None:
    """Write tokenizer_config.json with a chat template that asks as the model was trained to be asked.

    A `chat_template.jinja` beside it would be read in its stead, so none is written.

    Args:
        folder: The fused model's directory, with the base's files.
        prompt_format: The prompt format that the model was trained on.
        adds_bos: Whether the tokenizer puts a BOS token before a text.
    """
    file = folder / "tokenizer_config.json"
    settings = parse_json(file.read_text(encoding="utf-8")) if file.is_file() else {}
    known = PromptFormat.known(prompt_format) or DEFAULT_FORMAT
    settings["chat_template"] = chat_template(known, bos=adds_bos)
    file.write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_json(file: Path, document: JsonObject) -> None:
    # The folder is made beside its place and renamed into it, so this need not be atomic.
    file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
