"""mlx-lm, by this door alone: its import brings MLX, which has to find the fast BLAS there already."""

from __future__ import annotations

import importlib.util
import os
import resource

from t2sql.runtimes import mlx as _mlx  # noqa: F401 (it must be set up before mlx_lm imports it)

# Otherwise transformers, which mlx-lm takes its tokenizers from, warns on stderr that there is no PyTorch.
os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")

# mlx-lm sets the limit on descriptors as it is imported, and fails where the system allows fewer.
_set_limit, resource.setrlimit = resource.setrlimit, lambda *_: None

# isort: split
# Imported while the limit cannot be set, and so not at the head.
from mlx_lm.models.activations import swiglu  # noqa: E402 (after the settings above)
from mlx_lm.models.base import create_attention_mask, scaled_dot_product_attention  # noqa: E402 (after the settings above)
from mlx_lm.models.llama import TransformerBlock  # noqa: E402 (after the settings above)
from mlx_lm.tuner.dora import DoRALinear  # noqa: E402 (after the settings above)
from mlx_lm.tuner.lora import LoRAEmbedding, LoRALinear  # noqa: E402 (after the settings above)
from mlx_lm.tuner.utils import linear_to_lora_layers  # noqa: E402 (after the settings above)
from mlx_lm.utils import (  # noqa: E402 (after the settings above)
    MODEL_REMAPPING,
    dequantize_model,
    get_total_parameters,
    load_model,
    load_tokenizer,
)

resource.setrlimit = _set_limit

__all__ = [
    "DoRALinear",
    "LoRAEmbedding",
    "LoRALinear",
    "TransformerBlock",
    "create_attention_mask",
    "dequantize_model",
    "get_total_parameters",
    "knows_architecture",
    "linear_to_lora_layers",
    "load_model",
    "load_tokenizer",
    "scaled_dot_product_attention",
    "swiglu",
]


def knows_architecture(model_type: str) -> bool:
    """Whether mlx-lm has a module for the `model_type` of a config.json; the module is not imported."""
    try:
        return (
            importlib.util.find_spec(f"mlx_lm.models.{MODEL_REMAPPING.get(model_type, model_type)}")
            is not None
        )
    except (ModuleNotFoundError, ValueError):
        # A name with a dot in it makes importlib look for a package of that name first.
        return False
