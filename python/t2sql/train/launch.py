"""Whether this process is one of several that train together; known without importing MLX."""

from __future__ import annotations

import os

_VARIABLES = ("MLX_RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
"""Environment variables that mlx.launch, Open MPI and MPICH set."""


def launched() -> bool:
    """Whether mlx.launch or mpirun started this process as one of several."""
    return any(name in os.environ for name in _VARIABLES)
