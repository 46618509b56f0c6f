"""What a family declares: names, which rows are permuted, and the keys that config.json and GGUF share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


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
    # GGUF stem -> Hugging Face stem; `.weight` and `.bias` follow both.
    whole: Mapping[str, str]
    # The same inside a block: `blk.N.` against `model.layers.N.`
    block: Mapping[str, str]
    keys: tuple[Key, ...]
    # GGUF stem -> names of its dimensions, outermost first (see `dimensions`); weights that must be there.
    shapes: Mapping[str, tuple[str, ...]]
    # GGUF block stem -> config key of the number of heads its rows are interleaved for.
    permuted: Mapping[str, str] = field(default_factory=dict)
    # Tensors of a checkpoint that carry nothing (buffers that the runtime computes itself).
    ignored: tuple[str, ...] = ()
    # Further metadata from config.json: [(key, type, value)], refusing what cannot be expressed.
    metadata: Callable[[dict[str, Any]], list[tuple[str, str, Any]]] | None = None
    # Further config.json entries from a GGUF's metadata.
    config: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None

    def to_gguf(self, name: str) -> str | None:
        """The GGUF name of a Hugging Face tensor, or None when the family has no such tensor."""
        stem, _, suffix = name.rpartition(".")
        for gguf, hf in self.whole.items():
            if stem == hf:
                return f"{gguf}.{suffix}"
        prefix, _, rest = stem.partition("model.layers.")
        number, _, inner = rest.partition(".")
        if prefix or not number.isdigit():
            return None
        for gguf, hf in self.block.items():
            if inner == hf:
                return f"blk.{number}.{gguf}.{suffix}"
        return None

    def to_hf(self, name: str) -> str | None:
        """The inverse of `to_gguf`."""
        stem, _, suffix = name.rpartition(".")
        if stem in self.whole:
            return f"{self.whole[stem]}.{suffix}"
        number, _, inner = stem.removeprefix("blk.").partition(".")
        if stem.startswith("blk.") and number.isdigit() and inner in self.block:
            return f"model.layers.{number}.{self.block[inner]}.{suffix}"
        return None

    def heads(self, gguf_name: str, config: Mapping[str, Any]) -> int:
        """Heads whose rows are reordered between the two worlds, 0 for none."""
        stem = gguf_name.rpartition(".")[0].rpartition(".")[2]
        key = self.permuted.get(stem)
        if key is None:
            return 0
        return int(config.get(key) or config["num_attention_heads"])

    def needed_settings(self) -> tuple[str, ...]:
        return (*(key.config for key in self.keys if key.required), "vocab_size")

    def dimensions(self, config: Mapping[str, Any]) -> dict[str, int]:
        heads, hidden = int(config["num_attention_heads"]), int(config["hidden_size"])
        head = int(config.get("head_dim") or hidden // heads)
        return {
            "hidden": hidden,
            "wide": int(config["intermediate_size"]),
            "queries": heads * head,
            "keys": int(config.get("num_key_value_heads") or heads) * head,
            "vocabulary": int(config["vocab_size"]),
        }

    def expected(self, config: Mapping[str, Any], *, tied: bool) -> dict[str, tuple[int, ...]]:
        """Every weight that a model of this config must have, with its shape, in the order of the graph."""
        sizes = self.dimensions(config)
        shaped = {stem: tuple(sizes[d] for d in names) for stem, names in self.shapes.items()}
        tensors = {"token_embd.weight": shaped["token_embd"]}
        for i in range(int(config["num_hidden_layers"])):
            tensors.update({f"blk.{i}.{s}.weight": shape for s, shape in shaped.items() if s in self.block})
        tensors.update(
            {f"{s}.weight": shape for s, shape in shaped.items() if s in self.whole and s != "token_embd"}
        )
        if tied:
            tensors.pop("output.weight", None)
        return tensors
