"""A LoRA adapter in mlx-lm's format as a GGUF that llama.cpp applies to its base at run time, and back."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from t2sql._core import TensorPlan
from t2sql.adapters import WEIGHTS, read_adapter_config
from t2sql.errors import InputError, WorkError
from t2sql.files import check_free
from t2sql.gguf.adapter_file import BASE_KEY, AdapterFile, fingerprint
from t2sql.gguf.container import TensorInfo, read_safetensors
from t2sql.gguf.converter import ConvertResult, gguf_names, write
from t2sql.gguf.families import Family, by_gguf_architecture, by_hf_architecture
from t2sql.gguf.hf import HfDirectory, read_directory
from t2sql.gguf.types import QUANTIZATION_VERSION, type_named
from t2sql.gguf.weights import to_hf_rows
from t2sql.prompt import PROMPT_FORMAT

if TYPE_CHECKING:
    import numpy as np


Progress = Callable[[int, int, str], None]
# Hugging Face module -> its two matrices.
Pairs = dict[str, dict[str, TensorInfo]]
_FUSE = "Fuse it into its model instead: t2sql fuse"


def convert_adapter(
    base: Path,
    adapter: Path,
    out: Path,
    *,
    type: str = "f32",
    trained_on: Path | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> ConvertResult:
    """Write the adapter directory `adapter`, trained on the model in `base`, as a GGUF adapter.

    Nothing is written unless every matrix of it fits the model. `trained_on` is the directory of the model
    that the adapter's settings name, where the caller has it: another model than `base` is then refused.
    """
    started = time.perf_counter()
    target = type_named(type)
    if target.quantized:
        raise InputError(
            "type not supported for an adapter", expected="f32, f16 or bf16", found=type,
            hint="Its matrices are small, and errors in them multiply",
        )  # fmt: skip
    check_free(Path(out), force=force)
    adapter = Path(adapter)
    config = read_adapter_config(adapter)
    if config.lora is None or config.fine_tune_type != "lora":
        raise InputError(
            "the adapter has no GGUF form", where=adapter, expected="lora", found=config.fine_tune_type,
            hint=_FUSE,
        )  # fmt: skip
    directory = read_directory(Path(base))
    family = by_hf_architecture(directory.architecture, directory.path / "config.json")
    names = gguf_names(directory, family)
    _check_base(trained_on, adapter, directory, family, names)
    rank, scale = config.lora.rank, config.lora.scale
    pairs = _pairs(adapter / WEIGHTS)
    _check_fit(pairs, rank, adapter, directory, {hf: gguf for gguf, hf in names.items()})
    warnings = []
    if config.base_bits:
        warnings.append(
            f"the adapter was trained on its base at {config.base_bits} bits: "
            "on other weights it does not do quite the same"
        )
    with tempfile.TemporaryDirectory(prefix="t2sql-adapter-") as folder:
        tensors = _turned(pairs, Path(folder) / WEIGHTS, directory, family, target.name)
        metadata = [
            ("general.architecture", "str", family.gguf_architecture),
            ("general.type", "str", "adapter"),
            ("general.name", "str", "/".join(adapter.resolve().parts[-3:])),
            ("general.file_type", "u32", target.file_type),
            ("general.quantization_version", "u32", QUANTIZATION_VERSION),
            ("adapter.type", "str", "lora"),
            # llama.cpp multiplies by alpha / rank.
            ("adapter.lora.alpha", "f32", scale * rank),
            ("t2sql.prompt_format", "str", config.prompt_format or PROMPT_FORMAT),
            (BASE_KEY, "str", _fingerprint(directory, family, names)),
        ]
        return write([(str(out), metadata, tensors)], warnings, started, None, force, progress)


def import_adapter(file: AdapterFile, layers: int, out: Path) -> Path:
    """A GGUF adapter as a directory in mlx-lm's format; `layers`: how many blocks its base has."""
    import numpy as np
    from safetensors.numpy import save_file

    family = by_gguf_architecture(file.gguf.architecture, file.gguf.path)
    config = {"num_attention_heads": file.base.need("{arch}.attention.head_count")}
    config["num_key_value_heads"] = file.base.get("{arch}.attention.head_count_kv")
    weights: dict[str, np.ndarray] = {}
    keys, first = set(), layers
    for name, (a, b) in file.pairs.items():
        module = (family.to_hf(name) or name).removesuffix(".weight")
        parts = module.split(".")
        if parts[:2] == ["model", "layers"]:
            first = min(first, int(parts[2]))
            keys.add(".".join(parts[3:]))
        else:
            keys.add(module)
        weights[f"{module}.lora_a"] = np.ascontiguousarray(a.float32().T)
        turned = to_hf_rows(b.float32(), family.heads(name, config))
        weights[f"{module}.lora_b"] = np.ascontiguousarray(turned.T)
    out.mkdir(parents=True)
    save_file(weights, str(out / "adapters.safetensors"))
    document = {
        "fine_tune_type": "lora",
        "num_layers": layers - first,
        "lora_parameters": {"rank": file.rank, "scale": file.scale, "dropout": 0.0, "keys": sorted(keys)},
    }
    (out / "adapter_config.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return out


def _pairs(file: Path) -> Pairs:
    """The two matrices of every module, by its Hugging Face name."""
    pairs: Pairs = {}
    for name, info in read_safetensors(file).tensors.items():
        module, _, leaf = name.rpartition(".")
        if leaf == "m":
            raise InputError(
                "the adapter has no GGUF form", where=f"{file}: {name}", expected="lora", found="dora",
                hint=_FUSE,
            )  # fmt: skip
        if leaf not in ("lora_a", "lora_b") or len(info.shape) != 2:
            raise InputError(
                "the adapter has no GGUF form",
                where=f"{file}: {name}",
                expected="matrices lora_a and lora_b",
                found=f"shape {list(info.shape)}",
                hint=_FUSE,
            )
        pairs.setdefault(module, {})[leaf] = info
    for module, pair in pairs.items():
        for leaf in ("lora_a", "lora_b"):
            if leaf not in pair:
                raise InputError("the adapter lacks a tensor", where=file, expected=f"{module}.{leaf}")
    if not pairs:
        raise InputError("the adapter is empty", where=file, expected="matrices lora_a and lora_b")
    if not any(pair["lora_b"].float32().any() for pair in pairs.values()):
        raise WorkError("the adapter has no effect", where=file, found="nothing but zeros in every lora_b")
    return pairs


def _check_fit(
    pairs: Pairs, rank: int, adapter: Path, directory: HfDirectory, gguf_of: dict[str, str]
) -> None:
    for module, pair in pairs.items():
        weight = f"{module}.weight"
        if weight not in gguf_of:
            raise InputError(
                "the adapter belongs to another model",
                where=adapter,
                expected=f"modules of {directory.path}",
                found=module,
            )
        if gguf_of[weight] == "token_embd.weight":
            raise InputError(
                "an adapter of the token embedding has no GGUF form",
                where=adapter,
                found=module,
                hint=_FUSE,
            )
        rows, columns = directory.tensors[weight].shape
        for leaf, shape in (("lora_a", (columns, rank)), ("lora_b", (rank, rows))):
            if pair[leaf].shape != shape:
                raise InputError(
                    "the adapter does not fit the model",
                    where=f"{adapter}: {module}.{leaf}",
                    expected=f"shape {list(shape)}",
                    found=list(pair[leaf].shape),
                    hint="Another rank in adapter_config.json, or another model",
                )


def _turned(pairs: Pairs, file: Path, directory: HfDirectory, family: Family, type: str) -> list[TensorPlan]:
    """Both matrices as llama.cpp multiplies with them, in `file`; the rows of the second in its order."""
    import numpy as np
    from safetensors.numpy import save_file

    turned: dict[str, np.ndarray] = {}
    tensors: list[TensorPlan] = []
    for module, pair in pairs.items():
        name = family.to_gguf(f"{module}.weight")
        for leaf, info in sorted(pair.items()):
            key = f"{name}.{leaf}"
            turned[key] = np.ascontiguousarray(info.float32().T)
            heads = family.heads(str(name), directory.config) if leaf == "lora_b" else 0
            tensors.append(
                TensorPlan(
                    name=key,
                    path=file,
                    source=key,
                    shape=turned[key].shape,
                    dtype=type,
                    permute_heads=heads,
                )
            )
    save_file(turned, str(file))
    return tensors


def _check_base(
    trained_on: Path | None, adapter: Path, directory: HfDirectory, family: Family, names: dict[str, str]
) -> None:
    """Refuse an adapter that was trained on another model than the one in `directory`."""
    if trained_on is None:
        return
    other = read_directory(trained_on)
    found = by_hf_architecture(other.architecture, other.path / "config.json")
    if _fingerprint(other, found, gguf_names(other, found)) != _fingerprint(directory, family, names):
        raise InputError(
            "the adapter belongs to another model",
            where=adapter,
            expected=f"--base {trained_on}, which it was trained on",
            found=directory.path,
        )


def _fingerprint(directory: HfDirectory, family: Family, names: dict[str, str]) -> str:
    norm = directory.tensors[names["output_norm.weight"]].float32()
    return fingerprint(norm + norm.dtype.type(family.offset("output_norm.weight")))
