"""Every setting of a run: what was given beats the preset, the preset beats the defaults."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from t2sql import gguf
from t2sql.data import has_prompt_format, masked_source, source_prompt_format
from t2sql.databases import has_password
from t2sql.errors import InputError
from t2sql.models import lasting_source
from t2sql.pipeline.starting import find_start
from t2sql.prompt import DEFAULT_FORMAT, PromptFormat
from t2sql.runs.records import Json
from t2sql.train import TrainConfig

PRESETS = ("demo", "deep", "quick", "wikisql", "tutorial", "7b-mac")
TYPES = tuple(name for name in gguf.FILE_TYPES if name != "f32")
_OWN: dict[str, Json] = {
    "model": "demo",
    "start_from": None,
    "data": "demo",
    "prompt": None,
    "with_remembered": None,
    "types": ["q8_0", "q4_1", "q4_0"],
    "limit": None,
    "data_seed": 0,
    "compare_limit": 200,
    "compare_limit_mlx": 20,
    "max_tokens": 128,
    "select": "execution",
    "select_limit": 100,
}
_KEPT = ("model", "start_from", "data")
"""Settings of a run that a preset does not replace."""
SELECT = ("execution", "loss")


@dataclass(frozen=True)
class Settings:
    """A run's settings.

    Attributes:
        model: The base model, as the user named it; with `start_from`, the path of that model.
        start_from: The tuned model that training goes on from, as the user named it; None for a base.
        data: The data source, as the user named it.
        prompt: The name of the prompts' format; None for the data source's own.
        with_remembered: Whether answers that the user confirmed about a database are trained on; None is yes.
        types: Names of file types to quantize to, without f32.
        limit: The most examples of each split; None is no limit.
        data_seed: Seed of a generated dataset.
        compare_limit: Questions for each file in the comparison; 0 is all.
        compare_limit_mlx: The same for MLX.
        max_tokens: The most tokens of an answer.
        select: What chooses the checkpoint: "execution" or "loss".
        select_limit: Validation questions asked for that; 0 is all.
        train: The training loop's settings, which config.toml lists flat beside the rest.
    """

    model: str
    start_from: str | None
    data: str
    prompt: str
    with_remembered: bool | None
    types: tuple[str, ...]
    limit: int | None
    data_seed: int
    compare_limit: int
    compare_limit_mlx: int
    max_tokens: int
    select: str
    select_limit: int
    train: TrainConfig

    @property
    def prompt_format(self) -> PromptFormat:
        """The format of the prompts that the model is trained and asked with."""
        return PromptFormat.of(self.prompt)

    def to_json(self) -> dict[str, Json]:
        """As config.toml holds them, so that `--config RUN/config.toml` gives the same run again."""
        own: dict[str, Json] = {name: getattr(self, name) for name in _OWN}
        own["types"] = list(self.types)
        return own | self.train.model_dump(mode="json", exclude={"model"})


def resolve_settings(given: Mapping[str, Any], recorded: Mapping[str, Json] | None = None) -> Settings:
    """Resolve every setting of a run.

    Args:
        given: Settings from flags and `--config`, by name; `preset` names a preset.
        recorded: The settings of an existing run. Those that are not given stay, unless a preset is given.

    Raises:
        InputError: A setting is unknown or wrong.
    """
    given = dict(given)
    preset = given.pop("preset", None)
    if preset is None and recorded:
        base = dict(recorded)
    else:
        base = read_preset(str(preset or "demo"))
        base |= {name: value for name, value in (recorded or {}).items() if name in _KEPT}
    if "model" in given and "start_from" not in given:
        base["start_from"] = None
    values = _OWN | base | given
    if "iters" in given and "minutes" not in given and (not recorded or given["iters"] != base.get("iters")):
        # Whoever names a number of steps wants them all.
        values["minutes"] = None
    if "prompt" not in given and not recorded and has_prompt_format(str(values["data"])):
        # A dataset keeps the format that it was made in, whatever the preset would give a source without one.
        values["prompt"] = None
    if given.get("start_from") is not None:
        _start_from(values, given)
    for name in ("keys", "augment"):
        if isinstance(values.get(name), str):
            values[name] = [part.strip() for part in values[name].split(",") if part.strip()]
    own = {name: values.pop(name) for name in _OWN}
    known = set(TrainConfig.model_fields) - {"model"}
    unknown = sorted(set(values) - known)
    if unknown:
        raise InputError("unknown setting", found=", ".join(unknown), expected=", ".join(sorted(known)))
    for name in ("compare_limit", "compare_limit_mlx", "select_limit", "data_seed"):
        if not isinstance(own[name], int) or own[name] < 0:
            raise InputError("a setting is wrong", where=name, expected="0 or more", found=own[name])
    if not isinstance(own["max_tokens"], int) or own["max_tokens"] < 1:
        raise InputError(
            "a setting is wrong", where="max_tokens", expected="1 or more", found=own["max_tokens"]
        )
    if own["with_remembered"] not in (None, True, False):
        raise InputError(
            "a setting is wrong",
            where="with_remembered",
            expected="true or false",
            found=own["with_remembered"],
        )
    if own["select"] not in SELECT:
        expected = " or ".join(SELECT)
        raise InputError("a setting is wrong", where="select", expected=expected, found=own["select"])
    own["types"] = _types(own["types"])
    own["prompt"] = _prompt_format(own["prompt"], str(own["data"])).name
    if "://" in str(own["data"]):
        _refuse_password(own["data"])
    train = TrainConfig.of(model=own["model"], **values)
    return Settings(**own, train=train)


def _start_from(values: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Put a tuned model, and the format of its prompts, into the settings."""
    start = find_start(str(given["start_from"]))
    named = given.get("model")
    if named is not None and lasting_source(str(named)) != str(start.path):
        raise InputError(
            "--model and --start-from name different models",
            expected="one of them: --model for a base, --start-from for a tuned model",
            found=f"{named} and {given['start_from']}",
        )
    values["model"] = str(start.path)
    if given.get("prompt") is None:
        values["prompt"] = start.prompt_format.name


def _prompt_format(name: object, source: str) -> PromptFormat:
    if name is not None:
        return PromptFormat.of(str(name))
    try:
        return source_prompt_format(source)
    except InputError:
        # The stage that reads the source says what is wrong with it.
        return DEFAULT_FORMAT


def _refuse_password(url: str) -> None:
    if has_password(url):
        hint = "Make the dataset first, with t2sql data, and give its directory"
        raise InputError("the URL's password would be kept in the run", where=masked_source(url), hint=hint)


def read_preset(name: str) -> dict[str, Any]:
    """The settings of a preset.

    Raises:
        InputError: There is none of that name.
    """
    if name not in PRESETS:
        raise InputError("no such preset", expected=", ".join(PRESETS), found=repr(name))
    text = resources.files("t2sql.pipeline").joinpath(f"presets/{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _types(value: object) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise InputError(
            "types are no list", where="--types", expected=", ".join(TYPES), found=repr(value)[:80]
        )
    types = tuple(dict.fromkeys(str(part).strip().lower() for part in parts if str(part).strip()))
    # f32 is always written: the others are made from it.
    types = tuple(name for name in types if name != "f32")
    wrong = [name for name in types if name not in TYPES]
    if wrong:
        raise InputError("unknown type", where="--types", expected=", ".join(TYPES), found=", ".join(wrong))
    return types
