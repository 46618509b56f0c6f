"""The training options of `train` and `run`, made from the settings' own descriptions."""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer

from t2sql import train
from t2sql.cli.options import Group


def follows() -> bool:
    """Take part in a training that another process leads, if mlx.launch started this one for that.

    Returns:
        Whether it did; False in the first process and in one that was started alone.

    Raises:
        InputError: The dataset is not that of the first process.
        LostRank: Another process ended.
    """
    if not train.launched() or train.Ranks().first:
        return False
    train.follow()
    return True


def _value_type(annotation: Any) -> type:
    """What a setting is on the command line: a list is text with commas, a choice is text or a number."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return type(arguments[0])
    if origin in (Union, UnionType):
        return _value_type(next(a for a in arguments if a is not type(None)))
    return str if origin is tuple else annotation


def _option(name: str, annotation: Any, description: str | None) -> object:
    """The annotation of an option, as Typer reads it; None where it is not given."""
    value_type, flag = _value_type(annotation), name.replace("_", "-")
    flags = f"--{flag}/--no-{flag}" if value_type is bool else f"--{flag}"
    return Annotated[value_type | None, typer.Option(flags, help=description, show_default=False)]


_PRESET = "Settings to start from: demo (the default), deep, wikisql, tutorial, 7b-mac or quick."

TRAINING = Group(
    "training",
    {
        "preset": _option("preset", str, _PRESET),
        **{
            name: _option(name, field.annotation, field.description)
            for name, field in train.TrainConfig.model_fields.items()
            if name != "model"
        },
    },
)
"""The options that a command takes as one dict of those that were given."""
