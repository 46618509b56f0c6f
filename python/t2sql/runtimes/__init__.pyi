from . import blas as blas
from .llama_cpp import parameters as parameters
from .llama_cpp import start as start
from .llama_cpp import xllamacpp as xllamacpp
from .llama_file import LlamaFile as LlamaFile
from .mlx import device as device
from .mlx import mx as mx
from .mlx import nn as nn
from .mlx import optimizers as optimizers
from .mlx import peak_memory as peak_memory

__all__ = [
    "LlamaFile",
    "blas",
    "device",
    "mx",
    "nn",
    "optimizers",
    "parameters",
    "peak_memory",
    "start",
    "xllamacpp",
]
