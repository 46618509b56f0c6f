"""A directory's tensors under their GGUF names; a model that is not whole is refused by tensor."""

from __future__ import annotations

from collections.abc import Sequence

from t2sql.errors import InputError
from t2sql.gguf.families.base import Family
from t2sql.gguf.hf import HfDirectory


def gguf_names(directory: HfDirectory, family: Family) -> dict[str, str]:
    """GGUF name -> Hugging Face name of every tensor that a conversion writes, in the order of the graph.

    Raises:
        InputError: config.json lacks a setting, or a tensor is missing, unknown, or of another shape than
            config.json says.
    """
    for key in family.keys:
        key.read(directory.config)
    names = _known_names(directory, family)
    expected = family.expected(directory.config, tied=family.is_tied(directory.config))
    missing = [family.to_hf(name) or name for name in expected if name not in names]
    if missing:
        raise InputError("tensors missing", where=directory.path, expected=_first_of(missing))
    layers = directory.config.layers
    for gguf, name in names.items():
        found = directory.tensors[name].shape
        shape = expected.get(gguf, found)
        if found != shape:
            raise _contradiction(directory, name, f"shape {list(shape)}", list(found))
        if gguf.startswith("blk.") and int(gguf.split(".")[1]) >= layers:
            raise _contradiction(directory, name, f"{layers} layers")
    order = {name: index for index, name in enumerate(expected)}
    return dict(sorted(names.items(), key=lambda item: order.get(item[0], len(order))))


def _known_names(directory: HfDirectory, family: Family) -> dict[str, str]:
    """GGUF name -> Hugging Face name, without what the runtime computes and a tied output matrix."""
    tied = family.is_tied(directory.config)
    names: dict[str, str] = {}
    unknown = []
    for name in directory.tensors:
        gguf = family.to_gguf(name)
        if gguf is None:
            if not name.endswith(tuple(family.ignored)):
                unknown.append(name)
        elif not (gguf == "output.weight" and tied):
            names[gguf] = name
    if unknown:
        raise InputError(
            "tensors not supported",
            where=directory.path,
            expected=f"those of {directory.architecture}",
            found=_first_of(unknown),
        )
    return names


def _contradiction(directory: HfDirectory, name: str, expected: str, found: object = None) -> InputError:
    return InputError(
        "config contradicts a tensor",
        where=f"{directory.path}: tensor {name}",
        expected=expected,
        found=found,
    )


def _first_of(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
