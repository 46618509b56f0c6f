"""Memory that MLX frees on the CPU device stays with the process: the next step allocates it again."""

from __future__ import annotations

import ctypes
import sys

# Parameters of mallopt(3), from glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -4, -8


def keep_freed_memory() -> bool:
    """Tell glibc's malloc not to return every large freed block to the system.

    MLX allocates each array with malloc. By default glibc maps large blocks one by one and unmaps them
    when they are freed, and the system clears every page again: a quarter of a training step.

    Returns:
        Whether malloc took the settings; False where the C library is not glibc. (musl has the function
        and ignores them.)
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return False
    settings = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, 2**31 - 1), (_M_ARENA_MAX, 1))
    return all([mallopt(name, value) == 1 for name, value in settings])
