"""The memory that a process may still take on this device."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from t2sql.errors import InputError
from t2sql.runtimes.devices import policy
from t2sql.runtimes.mlx import mx

OVERRIDE = "T2SQL_MEMORY_GB"
"""The environment variable that says how many GB may be taken, whatever the system reports."""

_CGROUP = Path("/sys/fs/cgroup")
_CGROUP_FILES = (
    (_CGROUP, "memory.max", "memory.current", "inactive_file"),
    (_CGROUP / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""(root, limit, use, the line of memory.stat with cached files) in both versions of control groups."""


def available_memory() -> int | None:
    """Bytes that a process may still take; None where the system does not say.

    Where the processor computes, that is what the system reports as available, or what the control groups
    leave; on a Mac's GPU Metal's recommended working set, on a CUDA card what is free there.

    Raises:
        InputError: `T2SQL_MEMORY_GB` is no positive number.
    """
    stated = os.environ.get(OVERRIDE)
    if stated:
        return _stated(stated)
    if not policy().on_host:
        info = mx.device_info()
        size = info.get("max_recommended_working_set_size") or info.get("free_memory")
        return None if size is None else int(size)
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        available = int(text.split("MemAvailable:")[1].split()[0]) * 1024
    except (OSError, IndexError, ValueError):
        try:
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError):
            return None
    return min([available, *_left_in_cgroups()])


def _stated(text: str) -> int:
    try:
        size = float(text) * 1e9
    except ValueError:
        size = 0.0
    if not 0 < size < 1e18:
        raise InputError(f"{OVERRIDE} does not parse", expected="a number of GB, such as 16", found=text)
    return int(size)


def _left_in_cgroups() -> Iterator[int]:
    """What each control group that this process is in leaves to it, in bytes; groups without a limit not."""
    own = _own_groups()
    for root, limit_file, use_file, cached in _CGROUP_FILES:
        folders = [root, *(root / path for path in own)]
        for folder in {inner for start in folders for inner in (start, *start.parents)}:
            if not folder.is_relative_to(root):
                continue
            try:
                limit = (folder / limit_file).read_text().strip()
                used = int((folder / use_file).read_text())
                stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
                # Files that the system holds in memory make room.
                used -= int(stat.get(cached, 0))
                if limit.isdigit():
                    yield max(0, int(limit) - used)
            except (OSError, ValueError):
                continue


def _own_groups() -> set[str]:
    """The paths of this process's control groups, relative to their roots."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return set()
    paths = {line.split(":", 2)[2] for line in lines if line.startswith("0::") or ":memory:" in line}
    return {path.strip("/") for path in paths} - {""}
