"""`--config FILE`: a command's options from TOML, by their own names."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from t2sql.errors import InputError
from t2sql.plain import JsonObject

_NOT_IN_A_FILE = {"config", "json", "debug", "help"}


def read_config_file(path: Path, command: Any) -> JsonObject:
    """Defaults for a command's options. A run's own config.toml is read too: its `[settings]`.

    Hyphens and underscores are the same; a key that is no option of the command is an error.
    """
    settings = read_settings(path)
    options = {
        parameter.name: parameter for parameter in command.params if parameter.name not in _NOT_IN_A_FILE
    }
    by_flag = {
        flag.lstrip("-").replace("-", "_"): name
        for name, parameter in options.items()
        for flag in (*parameter.opts, name)
    }
    unknown = [key for key in settings if key.replace("-", "_") not in by_flag]
    if unknown:
        raise InputError(
            "unknown setting" + ("s" if len(unknown) > 1 else ""),
            where=path,
            expected="options of this command, such as " + ", ".join(sorted(by_flag)[:6]),
            found=", ".join(unknown),
        )
    chosen = {}
    for key, value in settings.items():
        name = by_flag[key.replace("-", "_")]
        parameter = options[name]
        if isinstance(value, list) and not (getattr(parameter, "multiple", False) or parameter.nargs != 1):
            value = ",".join(str(item) for item in value)
        if isinstance(value, dict):
            raise InputError("a setting is a table", where=path, expected="a plain value", found=key)
        chosen[name] = value
    return chosen


def read_settings(path: Path) -> JsonObject:
    """The settings in a TOML file; of a run's config.toml, its `[settings]`.

    Raises:
        InputError: There is no such file, or it is not TOML.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("no such config file", where=path) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InputError("the config file cannot be read", where=path, found=error) from None
    if isinstance(document.get("t2sql"), dict) and isinstance(document.get("settings"), dict):
        settings: JsonObject = document["settings"]
        return settings
    return document
