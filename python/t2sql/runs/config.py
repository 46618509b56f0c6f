"""config.toml: written with every setting, and read with its version checked."""

from __future__ import annotations

import contextlib
import os
import platform
import socket
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from t2sql.errors import InputError
from t2sql.files import write_text
from t2sql.runs import toml
from t2sql.runs.layout import RunLayout
from t2sql.runs.records import Json, Machine, RecordError, RunConfig, RunHead

FORMAT = 1
_PACKAGES = ("mlx", "mlx-lm", "xllamacpp", "numpy", "safetensors", "gguf", "tokenizers", "sqlglot")


def new_config(
    settings: Mapping[str, Json], *, prompt_format: str | None, created: str | None = None
) -> RunConfig:
    """A config of these settings, with the versions and the machine of this process.

    Args:
        settings: The settings, by name.
        prompt_format: The form of the prompts that the model is trained on.
        created: When the run was made, if not now.
    """
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return RunConfig(
        t2sql=RunHead(
            run_format=FORMAT,
            version=_version(),
            prompt_format=prompt_format,
            created=created or datetime.now(UTC).isoformat(timespec="seconds"),
        ),
        settings=dict(settings),
        versions=versions,
        machine=_machine(),
    )


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
            expected=f"version {FORMAT} (t2sql {_version()})",
            found=f"version {version} (t2sql {writer})",
            hint="Open it with that t2sql, or run again into a new directory",
        )
    try:
        return RunConfig.from_json(document)
    except RecordError as error:
        raise InputError("the run's config cannot be read", where=file, found=error) from None


def _version() -> str:
    try:
        return metadata.version("t2sql")
    except metadata.PackageNotFoundError:
        return "unknown"


def _machine() -> Machine:
    return Machine(
        host=socket.gethostname(),
        system=platform.system(),
        release=platform.release(),
        architecture=platform.machine(),
        processor=_processor(),
        cpus=os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
    )


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
