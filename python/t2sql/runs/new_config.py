"""The config of a new run: its settings, and the versions and the machine of this process."""

from __future__ import annotations

import contextlib
import os
import platform
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import t2sql
from t2sql.runs.config import FORMAT
from t2sql.runs.records import Json, Machine, RunConfig, RunHead

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
            version=t2sql.__version__,
            prompt_format=prompt_format,
            created=created or datetime.now(UTC).isoformat(timespec="seconds"),
        ),
        settings=dict(settings),
        versions=versions,
        machine=_machine(),
    )


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
