from .fused import AdapterIdentity as AdapterIdentity
from .fused import check_adapter_not_fused as check_adapter_not_fused
from .fused import check_identity as check_identity
from .fused import fused_adapters as fused_adapters
from .fused import fused_adapters_of as fused_adapters_of
from .fused import identify_adapter as identify_adapter
from .mlx_lm import CONFIG as CONFIG
from .mlx_lm import LEAVES as LEAVES
from .mlx_lm import WEIGHTS as WEIGHTS
from .mlx_lm import AdapterConfig as AdapterConfig
from .mlx_lm import LoraParameters as LoraParameters
from .mlx_lm import adapter_weights as adapter_weights
from .mlx_lm import read_adapter_config as read_adapter_config
from .notes import NOTES_KEY as NOTES_KEY
from .notes import AdapterNotes as AdapterNotes
from .peft import PEFT_WEIGHTS as PEFT_WEIGHTS
from .peft import PeftConfig as PeftConfig

__all__ = [
    "CONFIG",
    "LEAVES",
    "NOTES_KEY",
    "PEFT_WEIGHTS",
    "WEIGHTS",
    "AdapterConfig",
    "AdapterIdentity",
    "AdapterNotes",
    "LoraParameters",
    "PeftConfig",
    "adapter_weights",
    "check_adapter_not_fused",
    "check_identity",
    "fused_adapters",
    "fused_adapters_of",
    "identify_adapter",
    "read_adapter_config",
]
