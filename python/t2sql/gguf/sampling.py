"""Sampling settings that a model's makers recommend: generation_config.json as `general.sampling.*`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from t2sql.checked_json import MAX_F32, CheckedJson, read_json
from t2sql.gguf.entries import Entry

_MAX_I32 = (1 << 31) - 1


class _Setting(NamedTuple):
    gguf: str
    config: str
    type: Literal["i32", "f32", "str"]


# The names are those of gguf-py's metadata.py and constants.py.
_SETTINGS = (
    _Setting("sequence", "sequence", "str"),
    _Setting("top_k", "top_k", "i32"),
    _Setting("top_p", "top_p", "f32"),
    _Setting("min_p", "min_p", "f32"),
    _Setting("xtc_probability", "xtc_probability", "f32"),
    _Setting("xtc_threshold", "xtc_threshold", "f32"),
    _Setting("temp", "temperature", "f32"),
    _Setting("penalty_last_n", "penalty_last_n", "i32"),
    _Setting("penalty_repeat", "penalty_repeat", "f32"),
    _Setting("mirostat", "mirostat", "i32"),
    _Setting("mirostat_tau", "mirostat_tau", "f32"),
    _Setting("mirostat_eta", "mirostat_eta", "f32"),
)


def sampling_entries(folder: Path) -> list[Entry]:
    """The entries for what a directory's generation_config.json states; none where there is no such file.

    Raises:
        InputError: The file does not parse, or a setting has another type.
    """
    file = folder / "generation_config.json"
    if not file.is_file():
        return []
    config = CheckedJson(read_json(file), str(file))
    entries = []
    for setting in _SETTINGS:
        if config.has(setting.config):
            entries.append(Entry(f"general.sampling.{setting.gguf}", setting.type, _read(config, setting)))
    return entries


def _read(config: CheckedJson, setting: _Setting) -> str | int | float:
    if setting.type == "str":
        return config.text(setting.config)
    if setting.type == "i32":
        return config.integer(setting.config, least=-1, most=_MAX_I32)
    return config.number(setting.config, least=-MAX_F32)
