"""Mistral: Llama's graph and llama.cpp's `llama` architecture; its sliding window is dropped."""

from __future__ import annotations

from dataclasses import replace

from t2sql.gguf.families.llama import FAMILY as LLAMA

# llama.cpp has no sliding window for this architecture. Within the window's length a model with a window
# computes what one without computes.
FAMILY = replace(
    LLAMA, hf_architectures=("MistralForCausalLM",), model_type="mistral", bias_flags={}, drops_window=True
)
