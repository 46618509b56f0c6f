"""A Hugging Face directory to GGUF: everything is checked and planned here, then Rust moves the bytes."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql import _core
from t2sql._core import TensorPlan
from t2sql.errors import InputError
from t2sql.files import check_free
from t2sql.gguf.families import Family, by_hf_architecture
from t2sql.gguf.hf import HfDirectory, check_dtypes, read_directory
from t2sql.gguf.metadata import metadata_of
from t2sql.gguf.mlx_affine import AffineTensor
from t2sql.gguf.plan import plan_types
from t2sql.gguf.shards import FilePlan, files_of
from t2sql.gguf.types import type_named

if TYPE_CHECKING:
    import numpy as np

Progress = Callable[[int, int, str], None]


@dataclass
class ConvertResult:
    path: Path
    bytes: int
    tensors: int
    # ggml type -> number of tensors.
    types: dict[str, int]
    seconds: float
    warnings: list[str] = field(default_factory=list)
    # One, or those of a split model; `path` is the first, which stands for all.
    files: list[Path] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "path": str(self.path), "files": [str(path) for path in self.files]}


def convert(
    source: Path,
    out: Path,
    *,
    type: str = "f32",
    threads: int | None = None,
    force: bool = False,
    progress: Progress | None = None,
    pure: bool = False,
    output_type: str | None = None,
    embedding_type: str | None = None,
    tensor_types: Mapping[str, str] | None = None,
    max_shard_size: str | int | None = None,
    pre: str | None = None,
) -> ConvertResult:
    """Write the model in `source` as a GGUF file of the given type.

    `tensor_types` maps regular expressions to types; `max_shard_size` ("2G") splits the output into files
    of at most so much tensor data, with llama.cpp's names and keys. `pre` is llama.cpp's name for how a
    byte-level BPE splits, when it is not to be found by its structure.
    Nothing is written unless architecture, tensors, types and tokenizer are all understood.
    """
    started = time.perf_counter()
    target = type_named(type)
    check_free(Path(out), force=force)
    directory = read_directory(Path(source))
    family = by_hf_architecture(directory.architecture, directory.path / "config.json")
    check_dtypes(directory)
    names = gguf_names(directory, family)
    shapes = {gguf: directory.tensors[hf].shape for gguf, hf in names.items()}
    plan = plan_types(
        shapes,
        type,
        pure=pure,
        output_type=output_type,
        embedding_type=embedding_type,
        tensor_types=tensor_types,
    )
    tensors: list[TensorPlan] = [
        TensorPlan(
            name=gguf,
            path=directory.tensors[hf].path,
            source=hf,
            shape=shapes[gguf],
            dtype=plan.types[gguf],
            permute_heads=family.heads(gguf, directory.config),
            add=family.offset(gguf),
            affine=tensor.affine if isinstance(tensor := directory.tensors[hf], AffineTensor) else None,
        )
        for gguf, hf in names.items()
    ]
    metadata = metadata_of(
        directory,
        family,
        target,
        vocabulary_size=shapes["token_embd.weight"][0],
        parameters=sum(directory.tensors[hf].elements for hf in names.values()),
        pre=pre,
    )
    with _computed(family.computed(directory.config)) as made:
        files = files_of(Path(out), metadata, [*made, *tensors], max_shard_size)
        return write(files, list(plan.warnings), started, threads, force, progress)


@contextmanager
def _computed(tensors: dict[str, np.ndarray]) -> Iterator[list[TensorPlan]]:
    """Tensors that are in no checkpoint, in a file of their own while the pass reads its sources."""
    from safetensors.numpy import save_file

    with tempfile.TemporaryDirectory(prefix="t2sql-") as folder:
        path = str(Path(folder) / "computed.safetensors")
        if tensors:
            save_file(tensors, path)
        yield [
            TensorPlan(name=name, path=path, source=name, shape=x.shape, dtype="f32")
            for name, x in tensors.items()
        ]


def write(
    files: list[FilePlan],
    warnings: list[str],
    started: float,
    threads: int | None,
    force: bool,
    progress: Progress | None,
) -> ConvertResult:
    paths = [Path(path) for path, _, _ in files]
    for path in paths:
        if path.is_dir():
            raise InputError("output is a directory", where=path, expected="the name of a file")
    paths[0].parent.mkdir(parents=True, exist_ok=True)
    done = _core.write_ggufs(files, threads=threads, progress=progress, force=force)
    seconds = time.perf_counter() - started
    types: dict[str, int] = {}
    for _, _, tensors in files:
        for tensor in tensors:
            types[tensor.dtype] = types.get(tensor.dtype, 0) + 1
    return ConvertResult(paths[0], done["bytes"], done["tensors"], types, seconds, warnings, paths)


def gguf_names(directory: HfDirectory, family: Family) -> dict[str, str]:
    """GGUF name -> Hugging Face name; missing, extra and misshapen tensors are refused by name."""
    config = directory.config
    for key in family.needed_settings():
        if not isinstance(config.get(key), int | float):
            raise InputError(
                "setting missing", where=directory.path / "config.json", expected=key, found=config.get(key)
            )
    tied = family.is_tied(config)
    names: dict[str, str] = {}
    extra = []
    for name in directory.tensors:
        gguf = family.to_gguf(name)
        if gguf is None:
            if not name.endswith(tuple(family.ignored)):
                extra.append(name)
        elif not (gguf == "output.weight" and tied):
            names[gguf] = name
    if extra:
        raise InputError(
            "tensors not supported",
            where=directory.path,
            expected=f"those of {directory.architecture}",
            found=_few(extra),
        )
    expected = family.expected(config, tied=tied)
    missing = [family.to_hf(name) or name for name in expected if name not in names]
    if missing:
        raise InputError("tensors missing", where=directory.path, expected=_few(missing))
    for gguf, name in names.items():
        shape = expected.get(gguf, directory.tensors[name].shape)
        if tuple(directory.tensors[name].shape) != tuple(shape):
            raise InputError(
                "config contradicts a tensor",
                where=f"{directory.path}: tensor {name}",
                expected=f"shape {list(shape)}",
                found=list(directory.tensors[name].shape),
            )
        if gguf.startswith("blk.") and int(gguf.split(".")[1]) >= int(config["num_hidden_layers"]):
            raise InputError(
                "config contradicts a tensor",
                where=f"{directory.path}: tensor {name}",
                expected=f"{config['num_hidden_layers']} layers",
            )
    order = {name: i for i, name in enumerate(expected)}
    return dict(sorted(names.items(), key=lambda item: order.get(item[0], len(order))))


def _few(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
