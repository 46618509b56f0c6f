"""A directory's tensors under their GGUF names; a model that is not whole is refused by tensor."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from t2sql.errors import InputError
from t2sql.gguf.families.base import Family
from t2sql.gguf.hf import HfDirectory
from t2sql.gguf.tensors import row_chunks


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
    _check_biases(directory, family, names, expected)
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


def head_differs(directory: HfDirectory, family: Family) -> bool:
    """Whether a model with tied embeddings has an output matrix that differs from the embedding."""
    hf = {stem: f"{family.whole[stem]}.weight" for stem in ("token_embd", "output")}
    embedding, head = (directory.tensors.get(hf[stem]) for stem in ("token_embd", "output"))
    if head is None or embedding is None or not family.is_tied(directory.config):
        return False
    if head.shape != embedding.shape:
        return True
    chunks = row_chunks(head)
    return any(not np.array_equal(head.float32(*rows), embedding.float32(*rows)) for rows in chunks)


def _check_biases(
    directory: HfDirectory, family: Family, names: Mapping[str, str], expected: Collection[str]
) -> None:
    """Refuse biases that config.json says that the model does not have: transformers passes over them."""
    for flag, stems in family.bias_flags.items():
        for gguf, name in names.items():
            if gguf.endswith(".bias") and gguf not in expected and gguf.split(".")[-2] in stems:
                raise InputError(
                    "config contradicts a tensor",
                    where=f"{directory.path}: tensor {name}",
                    expected=f"{flag} true",
                    found=f"{flag} is false",
                    hint="If the model was made with it, write true in config.json",
                )


def layers_present(directory: HfDirectory) -> int:
    """The number of layers that there are tensors of."""
    numbers = {name.removeprefix("model.layers.").partition(".")[0] for name in directory.tensors}
    return len({number for number in numbers if number.isdecimal()})


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
