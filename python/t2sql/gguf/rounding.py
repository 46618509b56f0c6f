"""How values become blocks, and what a file says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

from t2sql.errors import InputError
from t2sql.gguf.entries import Entry
from t2sql.gguf.ggml_types import TYPES

Rounding: TypeAlias = Literal["reference", "fitted"]
"""The bytes of ggml's reference, or blocks of it and of a few others with the least squared errors."""

ROUNDING_KEY = "t2sql.rounding"
"""The key that says how a file's blocks were rounded, "fitted" or "calibrated"; else as by the reference."""


def check_rounding(name: str) -> None:
    """Check the name of a rounding.

    Raises:
        InputError: There is none of that name.
    """
    if name not in get_args(Rounding):
        raise InputError("unknown rounding", expected=" or ".join(get_args(Rounding)), found=name)


def rounding_entries(rounding: Rounding, types: Mapping[str, str]) -> list[Entry]:
    """What a file says of its rounding: nothing where all of its bytes are the reference's."""
    return [Entry(ROUNDING_KEY, "str", rounding)] if rounding != "reference" and _fitted(types) else []


def rounding_warnings(rounding: Rounding, types: Mapping[str, str]) -> list[str]:
    """A sentence about the types whose blocks the rounding leaves as the reference has them."""
    searched = sorted({kind for kind in types.values() if TYPES[kind].quantized and not _is_fitted(kind)})
    if rounding == "reference" or not searched:
        return []
    return [
        f"{', '.join(searched)}: as without --rounding, since the reference searches their scales already"
    ]


def _fitted(types: Mapping[str, str]) -> bool:
    return any(_is_fitted(kind) for kind in types.values())


def _is_fitted(kind: str) -> bool:
    """Whether a type has blocks of 32, whose scales the reference takes from the extremes."""
    return TYPES[kind].block == 32
