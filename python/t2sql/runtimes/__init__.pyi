from . import blas as blas
from . import mlx_lm as mlx_lm
from .llama_cpp import parameters as parameters
from .llama_cpp import start as start
from .llama_cpp import xllamacpp as xllamacpp
from .llama_file import LlamaFile as LlamaFile
from .mlx import device as device
from .mlx import mx as mx
from .mlx import nn as nn
from .mlx import optimizers as optimizers
from .mlx import peak_memory as peak_memory
from .mlx import tree_flatten as tree_flatten
from .mlx import tree_map as tree_map
from .mlx import tree_unflatten as tree_unflatten

__all__ = [
    "LlamaFile",
    "blas",
    "device",
    "mlx_lm",
    "mx",
    "nn",
    "optimizers",
    "parameters",
    "peak_memory",
    "start",
    "tree_flatten",
    "tree_map",
    "tree_unflatten",
    "xllamacpp",
]
