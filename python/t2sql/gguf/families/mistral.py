"""Mistral: Llama's graph and llama.cpp's `llama` architecture, its sliding window left to the context."""

from __future__ import annotations

from dataclasses import replace

from t2sql.gguf.families import llama

# Up to the window's length a model with one computes what a model without one does, and llama.cpp has no
# window for this architecture.
FAMILY = replace(llama.FAMILY, hf_architectures=("MistralForCausalLM",), model_type="mistral")
