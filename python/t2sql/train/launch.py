"""Whether this process is one of several; known without MLX."""

from __future__ import annotations

import os


def launched() -> bool:
    """Whether mlx.launch or mpirun started this process as one of several."""
    return any(name in os.environ for name in ("MLX_RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK"))
