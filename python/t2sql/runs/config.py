"""config.toml: written with every setting, and read with its version checked."""

from __future__ import annotations

import tomllib
from pathlib import Path

import t2sql
from t2sql.errors import InputError
from t2sql.files import write_text
from t2sql.runs import toml
from t2sql.runs.layout import RunLayout
from t2sql.runs.records import RecordError, RunConfig

FORMAT = 1


def write_config(path: Path, config: RunConfig) -> None:
    """Write a run's config.toml.

    Raises:
        OSError: It could not be written.
    """
    write_text(RunLayout(path).config, toml.dumps(config.to_json()))


def is_run(path: Path) -> bool:
    """Whether a path is a run directory: one with a config.toml."""
    return RunLayout(path).config.is_file()


def read_config(path: Path) -> RunConfig:
    """The config of the run directory `path`.

    Raises:
        InputError: It is no run directory, one of another version, or its config cannot be read.
    """
    file = RunLayout(path).config
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        found = "no such directory" if not path.exists() else "a directory without config.toml"
        found = "a file" if path.is_file() else found
        raise InputError("not a run directory", where=path, found=found) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError("the run's config cannot be read", where=file, found=error) from None
    head = document.get("t2sql")
    version = head.get("run_format") if isinstance(head, dict) else None
    if version != FORMAT:
        writer = head.get("version", "unknown") if isinstance(head, dict) else "unknown"
        raise InputError(
            "a run directory of another version",
            where=path,
            expected=f"version {FORMAT} (t2sql {t2sql.__version__})",
            found=f"version {version} (t2sql {writer})",
            hint="Open it with that t2sql, or run again into a new directory",
        )
    try:
        return RunConfig.from_json(document)
    except RecordError as error:
        raise InputError("the run's config cannot be read", where=file, found=error) from None
