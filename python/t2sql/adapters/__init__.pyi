from .mlx_lm import CONFIG as CONFIG
from .mlx_lm import LEAVES as LEAVES
from .mlx_lm import WEIGHTS as WEIGHTS
from .mlx_lm import AdapterConfig as AdapterConfig
from .mlx_lm import LoraParameters as LoraParameters
from .mlx_lm import read_adapter_config as read_adapter_config

__all__ = [
    "CONFIG",
    "LEAVES",
    "WEIGHTS",
    "AdapterConfig",
    "LoraParameters",
    "read_adapter_config",
]
