from .mlx_lm import LEAVES as LEAVES
from .mlx_lm import WEIGHTS as WEIGHTS
from .mlx_lm import read_adapter_config as read_adapter_config

__all__ = [
    "LEAVES",
    "WEIGHTS",
    "read_adapter_config",
]
