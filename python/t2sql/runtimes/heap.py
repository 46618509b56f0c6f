"""Memory that MLX frees on the CPU device stays with the process: it is wanted again in the next step."""

from __future__ import annotations

import ctypes
import sys

# The parameters of mallopt(3) in glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -4, -8


def keep_freed_memory() -> bool:
    """Tell glibc's malloc not to hand every large block back to the system; False where it is not glibc.

    MLX allocates each array with malloc. By default glibc maps large blocks one by one and unmaps them
    when they are freed, and the system clears every page again: a quarter of a training step.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, 2**31 - 1), (_M_ARENA_MAX, 1))
    # musl has the function and does nothing.
    return all([mallopt(name, value) == 1 for name, value in settings])
