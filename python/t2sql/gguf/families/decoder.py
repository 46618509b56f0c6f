"""What most decoders share: a pre-norm block with gated MLP, its tensors' names and shapes, and its keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from t2sql.gguf.families.base import Dimension, Key
from t2sql.gguf.hf_config import MAX_LAYERS

WHOLE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
ATTENTION = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
}
MLP = {"ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
BLOCK = {
    "attn_norm": "input_layernorm",
    **ATTENTION,
    "ffn_norm": "post_attention_layernorm",
    **MLP,
}
HEAD_NORMS = {"attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm"}

WHOLE_SHAPES: Mapping[str, Sequence[Dimension]] = {
    "token_embd": ("vocab_size", "hidden_size"),
    "output_norm": ("hidden_size",),
    "output": ("vocab_size", "hidden_size"),
}
SHAPES: Mapping[str, Sequence[Dimension]] = {
    **WHOLE_SHAPES,
    "attn_norm": ("hidden_size",),
    "attn_q": ("q_dim", "hidden_size"),
    "attn_k": ("kv_dim", "hidden_size"),
    "attn_v": ("kv_dim", "hidden_size"),
    "attn_output": ("hidden_size", "q_dim"),
    "ffn_norm": ("hidden_size",),
    "ffn_gate": ("intermediate_size", "hidden_size"),
    "ffn_up": ("intermediate_size", "hidden_size"),
    "ffn_down": ("hidden_size", "intermediate_size"),
}
HEAD_NORM_SHAPES: Mapping[str, Sequence[Dimension]] = {
    "attn_q_norm": ("head_dim",),
    "attn_k_norm": ("head_dim",),
}

KEYS = (
    Key("block_count", "num_hidden_layers", required=True, most=MAX_LAYERS),
    Key("context_length", "max_position_embeddings", required=True),
    Key("embedding_length", "hidden_size", required=True),
    Key("feed_forward_length", "intermediate_size", required=True),
    Key("attention.head_count", "num_attention_heads", required=True),
    Key("attention.head_count_kv", "num_key_value_heads"),
    Key("attention.layer_norm_rms_epsilon", "rms_norm_eps", "f32", required=True),
)
ROPE_BASE = Key("rope.freq_base", "rope_theta", "f32", default=10000.0)
HEAD_KEYS = (Key("attention.key_length", "head_dim"), Key("attention.value_length", "head_dim"))
