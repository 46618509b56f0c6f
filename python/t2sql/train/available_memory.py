"""The memory that a process may still take on this device."""

from __future__ import annotations

import os
from pathlib import Path

from t2sql.runtimes import mx, policy

_CGROUP = Path("/sys/fs/cgroup")
_CGROUP_FILES = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)
"""(limit, use) in the two versions of Linux's control groups."""


def available_memory() -> int | None:
    """Bytes that a process may still take; None where the system does not say.

    Where the processor computes, that is what the system reports as available, or what the control group
    leaves; on a GPU, MLX's recommended working set.
    """
    if not policy().on_host:
        info = mx.device_info()
        size = info.get("max_recommended_working_set_size") or info.get("total_memory")
        return None if size is None else int(size)
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        available = int(text.split("MemAvailable:")[1].split()[0]) * 1024
    except (OSError, IndexError, ValueError):
        try:
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError):
            return None
    left = _left_in_cgroup()
    return available if left is None else min(available, left)


def _left_in_cgroup() -> int | None:
    """What a control group leaves to this process, in bytes; None where there is no limit."""
    for limit_file, use_file in _CGROUP_FILES:
        try:
            limit = (_CGROUP / limit_file).read_text().strip()
            used = (_CGROUP / use_file).read_text().strip()
            if limit.isdigit():
                return max(0, int(limit) - int(used))
        except (OSError, ValueError):
            continue
    return None
