"""What a family declares: tensor names, permuted rows, and the settings that config.json and GGUF share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from t2sql.checked_json import MAX_U32
from t2sql.gguf.container import GgufFile
from t2sql.gguf.entries import Entry
from t2sql.gguf.families.rope import UNSCALED, Rope
from t2sql.gguf.hf_config import ModelConfig
from t2sql.gguf.tensors import FloatArray
from t2sql.plain import JsonObject

Dimension: TypeAlias = Literal[
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "head_dim",
    "q_dim",
    "kv_dim",
    "qkv_dim",
    "gate_up_dim",
]


class Key(NamedTuple):
    """One setting that config.json and GGUF share.

    Attributes:
        gguf: GGUF's key after the architecture's name and a dot.
        config: config.json's key.
        type: The type in GGUF, u32 or f32.
        required: Whether both formats must state it.
        default: What its absence means; None when there is no such value.
        most: The largest value of an integer that is accepted.
    """

    gguf: str
    config: str
    type: Literal["u32", "f32"] = "u32"
    required: bool = False
    default: int | float | None = None
    most: int = MAX_U32

    def read(self, config: ModelConfig) -> int | float | None:
        """The setting in a config.json; `default` when it is absent.

        Raises:
            InputError: It is missing although it is required, or not a positive number of its type.
        """
        if not (self.required or config.has(self.config)):
            return self.default
        return (
            config.number(self.config) if self.type == "f32" else config.integer(self.config, most=self.most)
        )


@dataclass(frozen=True)
class Family:
    """One model family: how its directory and its GGUF file say the same things.

    GGUF's names and keys are those of llama.cpp's gguf-py/gguf/constants.py, which rows and norms differ is
    in its convert_hf_to_gguf.py.

    Attributes:
        gguf_architecture: `general.architecture`.
        hf_architectures: The class names in config.json's `architectures`.
        model_type: config.json's `model_type`.
        whole: GGUF stem -> Hugging Face stem of the tensors outside blocks; ".weight" follows both.
        block: The same inside a block, for "blk.N." and "model.layers.N."; ".weight" or ".bias" follows.
        keys: The settings that both formats state.
        shapes: GGUF stem -> the dimensions of the weight, outermost first. All of these tensors must exist.
        tied: Whether a config.json that does not say means tied embeddings.
        biased: Block stems whose bias must exist.
        bias_flags: config.json's flag -> the block stems that have a bias where it is true.
        permuted: Block stem -> config.json's key of the number of heads whose rows llama.cpp interleaves.
        norm_offset: Added to every norm on the way to GGUF.
        activation: config.json's key and value for the activation that the graph in llama.cpp has.
        full_every: Of the layers every nth attends to the whole context, the others to a sliding window.
        drops_window: Whether llama.cpp's graph lacks the sliding window that config.json may state.
        reads: Settings of config.json, beside those of `keys`, that the family's own functions read.
        rope: The kinds of scaled rotary positions that the graph in llama.cpp has.
        ignored: Ends of names of tensors that a conversion drops: buffers that the runtime computes itself.
        extra_metadata: Further GGUF entries, with keys after the architecture's name, from config.json; it
            raises InputError for settings that the GGUF cannot express.
        extra_config: Further settings of config.json, from a GGUF and the config so far.
    """

    gguf_architecture: str
    hf_architectures: tuple[str, ...]
    model_type: str
    whole: Mapping[str, str]
    block: Mapping[str, str]
    keys: tuple[Key, ...]
    shapes: Mapping[str, Sequence[Dimension]]
    tied: bool = False
    biased: tuple[str, ...] = ()
    bias_flags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    permuted: Mapping[str, str] = field(default_factory=dict)
    norm_offset: float = 0.0
    activation: tuple[str, str] = ("hidden_act", "silu")
    full_every: int = 1
    drops_window: bool = False
    reads: tuple[str, ...] = ()
    rope: Rope = UNSCALED
    ignored: tuple[str, ...] = ("self_attn.rotary_emb.inv_freq", "self_attn.rotary_emb.freqs")
    extra_metadata: Callable[[ModelConfig], list[Entry]] | None = None
    extra_config: Callable[[GgufFile, ModelConfig], JsonObject] | None = None

    def to_gguf(self, name: str) -> str | None:
        """The GGUF name of a Hugging Face tensor, or None when the family has no such tensor."""
        stem, _, suffix = name.rpartition(".")
        for gguf, hf in self.whole.items():
            if stem == hf:
                return f"{gguf}.{suffix}" if suffix == "weight" else None
        prefix, _, rest = stem.partition("model.layers.")
        layer, _, inner = rest.partition(".")
        if prefix or not layer.isdigit():
            return None
        for gguf, hf in self.block.items():
            if inner == hf and (suffix == "weight" or (suffix == "bias" and self._has_bias(gguf))):
                return f"blk.{layer}.{gguf}.{suffix}"
        return None

    def to_hf(self, name: str) -> str | None:
        """The Hugging Face name of a GGUF tensor, or None when the family has no such tensor."""
        stem, _, suffix = name.rpartition(".")
        if stem in self.whole:
            return f"{self.whole[stem]}.{suffix}" if suffix == "weight" else None
        layer, _, inner = stem.removeprefix("blk.").partition(".")
        known = suffix == "weight" or (suffix == "bias" and self._has_bias(inner))
        if stem.startswith("blk.") and layer.isdigit() and inner in self.block and known:
            return f"model.layers.{layer}.{self.block[inner]}.{suffix}"
        return None

    def heads(self, gguf_name: str, config: ModelConfig) -> int:
        """The heads whose rows GGUF has in another order than Hugging Face; 0 when the order is the same."""
        stem = gguf_name.rpartition(".")[0].rpartition(".")[2]
        key = self.permuted.get(stem)
        return 0 if key is None else config.integer(key, default=config.heads)

    def offset(self, gguf_name: str) -> float:
        """What is added to every element of a tensor on the way to GGUF."""
        return self.norm_offset if gguf_name.endswith("_norm.weight") else 0.0

    def is_tied(self, config: ModelConfig) -> bool:
        """Whether the token embedding also makes the logits."""
        return config.flag("tie_word_embeddings", default=self.tied)

    def computed(self, config: ModelConfig) -> dict[str, FloatArray]:
        """Tensors that a GGUF has and a checkpoint lacks: the factors of scaled rotary positions."""
        return self.rope.tensors(config)

    def expected(self, config: ModelConfig, *, tied: bool) -> dict[str, tuple[int, ...]]:
        """Every tensor that a model of this config must have, in the order of the graph.

        Args:
            config: config.json.
            tied: Whether the model has no output matrix of its own.

        Returns:
            GGUF name -> shape, row-major.

        Raises:
            InputError: A size is missing, or no positive integer.
        """
        sizes = _dimensions(config)
        biased = {*self.biased, *self._flagged(config)}
        shapes = {stem: tuple(sizes[dimension] for dimension in row) for stem, row in self.shapes.items()}
        tensors = {"token_embd.weight": shapes["token_embd"]}
        for layer in range(config.layers):
            for stem, shape in shapes.items():
                if stem in self.block:
                    tensors[f"blk.{layer}.{stem}.weight"] = shape
                if stem in biased:
                    tensors[f"blk.{layer}.{stem}.bias"] = shape[:1]
        tensors.update(
            {f"{s}.weight": shape for s, shape in shapes.items() if s in self.whole and s != "token_embd"}
        )
        if tied:
            tensors.pop("output.weight", None)
        return tensors

    def _has_bias(self, stem: str) -> bool:
        return stem in self.biased or any(stem in stems for stems in self.bias_flags.values())

    def _flagged(self, config: ModelConfig) -> tuple[str, ...]:
        """The block stems that have a bias by the flags of a config.json."""
        flags = self.bias_flags.items()
        return tuple(stem for flag, stems in flags if config.flag(flag, default=False) for stem in stems)


def _dimensions(config: ModelConfig) -> dict[Dimension, int]:
    heads, hidden_size, head_dim = config.heads, config.integer("hidden_size"), config.head_dim
    intermediate_size = config.integer("intermediate_size")
    q_dim, kv_dim = heads * head_dim, config.integer("num_key_value_heads", default=heads) * head_dim
    return {
        "vocab_size": config.integer("vocab_size"),
        "hidden_size": hidden_size,
        "intermediate_size": intermediate_size,
        "head_dim": head_dim,
        "q_dim": q_dim,
        "kv_dim": kv_dim,
        "qkv_dim": q_dim + 2 * kv_dim,
        "gate_up_dim": 2 * intermediate_size,
    }
