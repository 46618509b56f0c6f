"""Tensors of a GGUF file replaced by blocks that were computed elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from t2sql import _core
from t2sql.gguf.entries import Entry
from t2sql.gguf.plan import plan_tensor
from t2sql.gguf.shards import read_gguf
from t2sql.gguf.tensors import ByteArray, TensorInfo


def overwrite_tensor(info: TensorInfo, blocks: ByteArray) -> None:
    """Write other bytes in the place of a tensor's.

    Args:
        info: The tensor of a file that is being built.
        blocks: As many bytes, C-contiguous.
    """
    assert blocks.nbytes == info.nbytes, f"{info.name}: {blocks.nbytes} bytes for {info.nbytes}"
    with info.path.open("r+b") as file:
        file.seek(info.offset)
        file.write(blocks.data)


def copy_gguf(source: Path, out: Path, metadata: Sequence[Entry], *, force: bool = False) -> int:
    """Copy a file, its tensors as they are stored, with more metadata.

    Args:
        source: A GGUF file.
        out: The copy.
        metadata: Keys that the copy has at its end.
        force: Replace an output that exists.

    Returns:
        The size of the copy in bytes.

    Raises:
        InputError: The source does not parse, or the output exists.
        WorkError: Writing failed.
    """
    gguf = read_gguf(source)
    plans = [plan_tensor(name, info, info.type) for name, info in gguf.tensors.items()]
    _core.write_gguf(str(out), [*gguf.entries, *metadata], plans, force=force)
    return out.stat().st_size
