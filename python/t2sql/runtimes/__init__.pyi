from . import blas as blas
from . import install as install
from . import mlx_lm as mlx_lm
from .devices import DevicePolicy as DevicePolicy
from .devices import policy as policy
from .llama_logits import LlamaLogits as LlamaLogits
from .llama_parameters import ServerParameters as ServerParameters
from .llama_predictor import LlamaPredictor as LlamaPredictor
from .llama_predictor import Prediction as Prediction
from .llama_process import LlamaServer as LlamaServer
from .llama_requests import post as post
from .memory import available_memory as available_memory
from .mlx import Array as Array
from .mlx import Module as Module
from .mlx import device as device
from .mlx import gflops as gflops
from .mlx import mx as mx
from .mlx import nn as nn
from .mlx import optimizers as optimizers
from .mlx import peak_memory as peak_memory
from .mlx import scalar as scalar
from .mlx import tree_flatten as tree_flatten
from .mlx import tree_map as tree_map
from .mlx import tree_unflatten as tree_unflatten

__all__ = [
    "Array",
    "DevicePolicy",
    "LlamaLogits",
    "LlamaPredictor",
    "LlamaServer",
    "Module",
    "Prediction",
    "ServerParameters",
    "available_memory",
    "blas",
    "device",
    "gflops",
    "install",
    "mlx_lm",
    "mx",
    "nn",
    "optimizers",
    "peak_memory",
    "policy",
    "post",
    "scalar",
    "tree_flatten",
    "tree_map",
    "tree_unflatten",
]
