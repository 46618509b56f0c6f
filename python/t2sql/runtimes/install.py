"""How to install the runtimes, for people: the one place of these hints."""

from __future__ import annotations

import sys

BLAS = "pip install scipy-openblas32, or T2SQL_BLAS=/path/to/libopenblas.so"
MLX = "pip install 'mlx[cpu]' mlx-lm" if sys.platform == "linux" else "pip install mlx mlx-lm"
LLAMA_CPP = "pip install xllamacpp"
OPENMP = "apt install libgomp1"
