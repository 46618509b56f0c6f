"""The sizes of a transformer, as its config.json names them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from t2sql.errors import InputError
from t2sql.gguf import ModelConfig
from t2sql.plain import JsonObject


@dataclass(frozen=True)
class ModelShape:
    """The sizes of a transformer with gated feed-forward layers.

    Attributes:
        hidden_size: Numbers of a hidden state.
        intermediate_size: Numbers inside the feed-forward layer.
        num_layers: Number of layers.
        heads: Attention heads.
        kv_heads: Heads of keys and values.
        head_dim: Numbers of a head.
        vocab_size: Tokens in the vocabulary.
        tied: Whether the output matrix is the embedding.
        extra_per_row: Numbers that a layer keeps of each position for norms and fused matrices that llama's
            layers do not have.
    """

    hidden_size: int
    intermediate_size: int
    num_layers: int
    heads: int
    kv_heads: int
    head_dim: int
    vocab_size: int
    tied: bool
    extra_per_row: int = 0

    @classmethod
    def of(cls, document: JsonObject) -> ModelShape | None:
        """The sizes in a config.json; None when it lacks one."""
        config = ModelConfig(document)
        try:
            shape = cls(
                hidden_size=config.integer("hidden_size"),
                intermediate_size=config.integer("intermediate_size"),
                num_layers=config.layers,
                heads=config.heads,
                kv_heads=config.integer("num_key_value_heads", default=config.heads),
                head_dim=config.head_dim,
                vocab_size=config.integer("vocab_size"),
                tied=config.flag("tie_word_embeddings", default=False),
            )
            return replace(shape, extra_per_row=shape._extra(config.text("model_type", default="")))
        except InputError:
            return None

    def _extra(self, model_type: str) -> int:
        of_heads = (self.heads + self.kv_heads) * self.head_dim
        if model_type == "phi3":
            return self.projection_outputs - 2 * self.hidden_size
        extra = of_heads if model_type in ("qwen3", "gemma3", "gemma3_text") else 0
        return extra + (4 * self.hidden_size if model_type.startswith("gemma") else 0)

    @property
    def projections(self) -> dict[str, tuple[int, int]]:
        """(inputs, outputs) of each matrix of a layer, by its name."""
        hidden, q_dim, kv_dim = self.hidden_size, self.heads * self.head_dim, self.kv_heads * self.head_dim
        return {
            "q_proj": (hidden, q_dim),
            "k_proj": (hidden, kv_dim),
            "v_proj": (hidden, kv_dim),
            "o_proj": (q_dim, hidden),
            "gate_proj": (hidden, self.intermediate_size),
            "up_proj": (hidden, self.intermediate_size),
            "down_proj": (self.intermediate_size, hidden),
        }

    @property
    def projection_outputs(self) -> int:
        """Outputs of all matrices of a layer together."""
        return sum(outputs for _, outputs in self.projections.values())

    @property
    def layer_parameters(self) -> int:
        """Parameters of a layer, its two norms included."""
        return sum(a * b for a, b in self.projections.values()) + 2 * self.hidden_size

    @property
    def parameters(self) -> int:
        """Parameters of the model."""
        ends = self.vocab_size * self.hidden_size * (1 if self.tied else 2) + self.hidden_size
        return self.num_layers * self.layer_parameters + ends
