"""What a family declares: names, which rows are permuted, and the keys that config.json and GGUF share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from t2sql.gguf.families.rope import UNSCALED, Rope

if TYPE_CHECKING:
    import numpy as np

Config = Mapping[str, Any]
Entry = tuple[str, str, Any]


@dataclass(frozen=True)
class Key:
    """One setting in both worlds; `gguf` stands after the architecture's name and a dot."""

    gguf: str
    config: str
    type: str = "u32"
    required: bool = False
    default: Any = None


@dataclass(frozen=True)
class Family:
    gguf_architecture: str
    hf_architectures: tuple[str, ...]
    # config.json's `model_type`.
    model_type: str
    # GGUF stem -> Hugging Face stem; `.weight` and `.bias` follow both.
    whole: Mapping[str, str]
    # The same inside a block: `blk.N.` against `model.layers.N.`
    block: Mapping[str, str]
    keys: tuple[Key, ...]
    # GGUF stem -> names of its dimensions, outermost first (see `dimensions`); weights that must be there.
    shapes: Mapping[str, tuple[str, ...]]
    # Whether config.json means tied embeddings when it does not say.
    tied: bool = False
    # Block stems whose bias must be there, and those whose bias llama.cpp also reads.
    biased: tuple[str, ...] = ()
    may_be_biased: tuple[str, ...] = ()
    # GGUF block stem -> config key of the number of heads its rows are interleaved for.
    permuted: Mapping[str, str] = field(default_factory=dict)
    # Added to every norm on the way to GGUF.
    norm_offset: float = 0.0
    # config.json's activation where a GGUF says nothing: its key and value.
    activation: tuple[str, str] = ("hidden_act", "silu")
    # The kinds of scaled rotary positions that this graph has in llama.cpp.
    rope: Rope = UNSCALED
    # Tensors of a checkpoint that carry nothing (buffers that the runtime computes itself).
    ignored: tuple[str, ...] = ("self_attn.rotary_emb.inv_freq", "self_attn.rotary_emb.freqs")
    # Further metadata from config.json, refusing what cannot be expressed.
    metadata: Callable[[Config], list[Entry]] | None = None
    # Further config.json entries from a GGUF's metadata and the config so far.
    config: Callable[[Mapping[str, Any], Config], dict[str, Any]] | None = None

    def to_gguf(self, name: str) -> str | None:
        """The GGUF name of a Hugging Face tensor, or None when the family has no such tensor."""
        stem, _, suffix = name.rpartition(".")
        for gguf, hf in self.whole.items():
            if stem == hf:
                return f"{gguf}.{suffix}" if suffix == "weight" else None
        prefix, _, rest = stem.partition("model.layers.")
        number, _, inner = rest.partition(".")
        if prefix or not number.isdigit():
            return None
        for gguf, hf in self.block.items():
            if inner == hf and (suffix == "weight" or (suffix == "bias" and self._biases(gguf))):
                return f"blk.{number}.{gguf}.{suffix}"
        return None

    def to_hf(self, name: str) -> str | None:
        """The inverse of `to_gguf`."""
        stem, _, suffix = name.rpartition(".")
        if stem in self.whole:
            return f"{self.whole[stem]}.{suffix}" if suffix == "weight" else None
        number, _, inner = stem.removeprefix("blk.").partition(".")
        known = suffix == "weight" or (suffix == "bias" and self._biases(inner))
        if stem.startswith("blk.") and number.isdigit() and inner in self.block and known:
            return f"model.layers.{number}.{self.block[inner]}.{suffix}"
        return None

    def _biases(self, stem: str) -> bool:
        return stem in self.biased or stem in self.may_be_biased

    def heads(self, gguf_name: str, config: Config) -> int:
        """Heads whose rows are reordered between the two worlds, 0 for none."""
        stem = gguf_name.rpartition(".")[0].rpartition(".")[2]
        key = self.permuted.get(stem)
        if key is None:
            return 0
        return int(config.get(key) or config["num_attention_heads"])

    def offset(self, gguf_name: str) -> float:
        """What is added to a tensor on the way to GGUF."""
        return self.norm_offset if gguf_name.endswith("_norm.weight") else 0.0

    def is_tied(self, config: Config) -> bool:
        """Whether the embedding also makes the logits."""
        value = config.get("tie_word_embeddings")
        return self.tied if value is None else bool(value)

    def computed(self, config: Config) -> dict[str, np.ndarray]:
        """Tensors that a GGUF has and a checkpoint has not: the factors of scaled rotary positions."""
        return self.rope.tensors(config)

    def needed_settings(self) -> tuple[str, ...]:
        return (*(key.config for key in self.keys if key.required), "vocab_size")

    def dimensions(self, config: Config) -> dict[str, int]:
        heads, hidden = int(config["num_attention_heads"]), int(config["hidden_size"])
        head = int(config.get("head_dim") or hidden // heads)
        wide = int(config["intermediate_size"])
        queries, keys = heads * head, int(config.get("num_key_value_heads") or heads) * head
        return {
            "hidden": hidden,
            "wide": wide,
            "head": head,
            "queries": queries,
            "keys": keys,
            "queries keys values": queries + 2 * keys,
            "gate up": 2 * wide,
            "vocabulary": int(config["vocab_size"]),
        }

    def expected(self, config: Config, *, tied: bool) -> dict[str, tuple[int, ...]]:
        """Every tensor that a model of this config must have, with its shape, in the order of the graph."""
        sizes = self.dimensions(config)
        shaped = {stem: tuple(sizes[d] for d in names) for stem, names in self.shapes.items()}
        tensors = {"token_embd.weight": shaped["token_embd"]}
        for i in range(int(config["num_hidden_layers"])):
            for stem, shape in shaped.items():
                if stem in self.block:
                    tensors[f"blk.{i}.{stem}.weight"] = shape
                if stem in self.biased:
                    tensors[f"blk.{i}.{stem}.bias"] = shape[:1]
        tensors.update(
            {f"{s}.weight": shape for s, shape in shaped.items() if s in self.whole and s != "token_embd"}
        )
        if tied:
            tensors.pop("output.weight", None)
        return tensors
