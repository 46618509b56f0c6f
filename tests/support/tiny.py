"""Builders of tiny random models with real tokenizers trained on corpus.txt.

Plain functions, so that any test can make a variant; `conftest.py` wraps the usual ones as fixtures.
"""

from __future__ import annotations

import io
import json
import struct
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

CORPUS = Path(__file__).with_name("corpus.txt")
# The splitting of Llama 3's tokenizer.json, for `bpe_tokenizer("llama-bpe")`.
LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
PROMPTS = (
    "table: students\ncolumns: Name, Age, School, Grade, Height, Weight\nQ: How old is Wang Junjian?\nA:",
    "def convert(source, out):\n    return None",
    "The rows of q and k go back to",
)


@cache
def corpus() -> tuple[str, ...]:
    """The lines that the tests' tokenizers are trained on."""
    return tuple(CORPUS.read_text(encoding="utf-8").removesuffix("\n").split("\n"))


@cache
def spm_model(vocab_size: int = 512) -> bytes:
    """A SentencePiece BPE model with byte fallback: <unk> 0, <s> 1, </s> 2, no pad."""
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus()),
        model_writer=model,
        model_type="bpe",
        vocab_size=vocab_size,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True,
        split_digits=True,
        character_coverage=0.995,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


def spm_tokenizer(model: bytes) -> Any:
    """The `tokenizers` object that tokenizes as a SentencePiece model does, BOS first."""
    from sentencepiece import sentencepiece_model_pb2 as proto
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, processors

    pieces = proto.ModelProto.FromString(model).pieces
    vocab = {p.piece: i for i, p in enumerate(pieces)}
    normal = {p.piece: p.score for p in pieces if p.type == 1}
    merges = []
    for piece, score in normal.items():
        for at in range(1, len(piece)):
            left, right = piece[:at], piece[at:]
            if left in normal and right in normal:
                merges.append((-score, vocab[left], vocab[right], (left, right)))
    merges.sort()
    bpe = models.BPE(vocab, [m[-1] for m in merges], unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    tokenizer = Tokenizer(bpe)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    tokenizer.decoder = decoders.Sequence(steps)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
    )
    tokenizer.add_special_tokens(
        [AddedToken(t, special=True, normalized=False) for t in ("<unk>", "<s>", "</s>")]
    )
    return tokenizer


def bpe_tokenizer(pre: str = "smollm", vocab_size: int = 512) -> Any:
    """A byte-level BPE: <|endoftext|> 0, <|im_start|> 1 (BOS), <|im_end|> 2 (EOS)."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    if pre not in ("smollm", "gpt-2", "llama-bpe"):
        return structured_tokenizer(pre, vocab_size)
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pre in ("smollm", "gpt-2"))
    first = {
        "smollm": [pre_tokenizers.Digits(individual_digits=True)],
        "gpt-2": [],
        "llama-bpe": [pre_tokenizers.Split(Regex(LLAMA3_PATTERN), "isolated")],
    }[pre]
    tokenizer = Tokenizer(models.BPE(ignore_merges=pre == "llama-bpe"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*first, byte_level]) if first else byte_level
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    if pre == "llama-bpe":
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<|im_start|> $A", pair="<|im_start|> $A $B", special_tokens=[("<|im_start|>", 1)]
        )
    else:
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    return tokenizer


def structured_tokenizer(pre: str, vocab_size: int = 512) -> Any:
    """A byte-level BPE that splits as the structure of that name says; special tokens as above."""
    from tokenizers import Tokenizer, pre_tokenizers, trainers

    from t2sql.gguf.tokenizer.pretokenizers import STRUCTURES

    splitting, ignore_merges, normalizer = STRUCTURES[pre]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    model = {"type": "BPE", "ignore_merges": ignore_merges, "vocab": {}, "merges": []}
    parts = {"normalizer": normalizer, "pre_tokenizer": splitting, "decoder": byte_level, "model": model}
    tokenizer = Tokenizer.from_str(json.dumps({"version": "1.0", "added_tokens": [], **parts}))
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    return tokenizer


def tensors(config: dict[str, Any], seed: int = 0) -> dict[str, np.ndarray]:
    """Random weights whose logits are far from flat, so that a fault cannot hide."""
    rng = np.random.default_rng(seed)
    hidden, wide = config["hidden_size"], config["intermediate_size"]
    head = config.get("head_dim") or hidden // config["num_attention_heads"]
    queries, keys = head * config["num_attention_heads"], head * config["num_key_value_heads"]

    def matrix(rows: int, columns: int, gain: float) -> np.ndarray:
        return (rng.standard_normal((rows, columns)) * gain / columns**0.5).astype(np.float32)

    def norm() -> np.ndarray:
        return (1 + 0.1 * rng.standard_normal(hidden)).astype(np.float32)

    made = {"model.embed_tokens.weight": matrix(config["vocab_size"], hidden, 3.0)}
    for i in range(config["num_hidden_layers"]):
        layer = f"model.layers.{i}."
        made[layer + "input_layernorm.weight"] = norm()
        made[layer + "self_attn.q_proj.weight"] = matrix(queries, hidden, 1.7)
        made[layer + "self_attn.k_proj.weight"] = matrix(keys, hidden, 1.7)
        made[layer + "self_attn.v_proj.weight"] = matrix(keys, hidden, 1.0)
        made[layer + "self_attn.o_proj.weight"] = matrix(hidden, queries, 1.5)
        made[layer + "post_attention_layernorm.weight"] = norm()
        made[layer + "mlp.gate_proj.weight"] = matrix(wide, hidden, 1.0)
        made[layer + "mlp.up_proj.weight"] = matrix(wide, hidden, 1.0)
        made[layer + "mlp.down_proj.weight"] = matrix(hidden, wide, 1.5)
    made["model.norm.weight"] = norm()
    if not config["tie_word_embeddings"]:
        made["lm_head.weight"] = matrix(config["vocab_size"], hidden, 3.0)
    return made


def write_weights(
    folder: Path, weights: dict[str, np.ndarray], *, dtype: str = "F32", shards: int = 1, index: bool = True
) -> None:
    """safetensors in one file or several, with or without `model.safetensors.index.json`."""
    names = sorted(weights)
    step = -(-len(names) // shards)
    places = {}
    for i in range(shards):
        file = "model.safetensors" if shards == 1 else f"model-{i + 1:05d}-of-{shards:05d}.safetensors"
        part = {name: weights[name] for name in names[i * step : (i + 1) * step]}
        write_safetensors(folder / file, {n: (dtype, x.shape, _bytes(x, dtype)) for n, x in part.items()})
        places.update(dict.fromkeys(part, file))
    if shards > 1 and index:
        total = sum(x.nbytes for x in weights.values())
        document = {"metadata": {"total_size": total}, "weight_map": places}
        (folder / "model.safetensors.index.json").write_text(json.dumps(document))


def write_safetensors(path: Path, parts: dict[str, tuple[str, tuple[int, ...], bytes]]) -> None:
    """The format by hand: it has dtypes that NumPy has not, and tests want broken files as well."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, (dtype, shape, data) in parts.items():
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(part[2] for part in parts.values()))


def _bytes(x: np.ndarray, dtype: str) -> bytes:
    if dtype == "BF16":
        bits = np.ascontiguousarray(x, dtype=np.float32).view(np.uint32)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16).tobytes()
    return x.astype({"F32": np.float32, "F16": np.float16, "I32": np.int32}[dtype]).tobytes()


def build(
    folder: Path,
    *,
    family: str = "mistral",
    tokenizer: str = "spm",
    seed: int = 0,
    dtype: str = "F32",
    shards: int = 1,
    index: bool = True,
    **changes: Any,
) -> Path:
    """A Hugging Face directory with random weights; `changes` override config.json entries."""
    folder.mkdir(parents=True, exist_ok=True)
    if tokenizer == "spm":
        (folder / "tokenizer.model").write_bytes(spm_model())
        built, special = spm_tokenizer(spm_model()), ("<s>", "</s>", "<unk>")
    else:
        built, special = bpe_tokenizer(tokenizer), ("<|im_start|>", "<|im_end|>", "<|endoftext|>")
    config: dict[str, Any] = {
        "architectures": [{"mistral": "MistralForCausalLM", "llama": "LlamaForCausalLM"}[family]],
        "model_type": family,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "vocab_size": built.get_vocab_size(),
        "tie_word_embeddings": family == "llama",
        "hidden_act": "silu",
        "bos_token_id": 1,
        "eos_token_id": 2,
        "torch_dtype": {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}.get(dtype, "float32"),
        **changes,
    }
    built.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": special[0],
        "eos_token": special[1],
        "unk_token": special[2],
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2))
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    card = "---\nlicense: mit\nbase_model: acme/tiny-base\nlanguage:\n- en\n---\n\n# A tiny random model\n"
    (folder / "README.md").write_text(card)
    write_weights(folder, tensors(config, seed), dtype=dtype, shards=shards, index=index)
    return folder


def build_mistral(folder: Path, **options: Any) -> Path:
    """MistralForCausalLM, SPM tokenizer, its own output matrix, grouped keys and values."""
    return build(folder, **{"family": "mistral", "tokenizer": "spm", **options})


def build_llama(folder: Path, **options: Any) -> Path:
    """LlamaForCausalLM, byte-level BPE ("smollm"), tied embeddings."""
    return build(folder, **{"family": "llama", "tokenizer": "smollm", **options})


def rewrite_gguf(source: Path, out: Path, changes: dict[str, Any], drop: tuple[str, ...] = ()) -> Path:
    """A copy of a GGUF with metadata values changed (None: key removed) and tensors dropped."""
    from t2sql import _core

    header = _core.read_gguf(source)
    metadata = [(k, t, changes.get(k, v)) for k, t, v in header["metadata"]]
    plans = [
        _core.TensorPlan(name=t["name"], path=source, source=t["name"], shape=t["shape"], dtype=t["type"])
        for t in header["tensors"]
        if t["name"] not in drop
    ]
    _core.write_gguf(out, [entry for entry in metadata if entry[2] is not None], plans, force=True)
    return out


def patch_gguf(source: Path, out: Path, tensor: str, change: Any) -> Path:
    """A copy of a GGUF with `change(bytes as uint8 [rows, row bytes])` in place of a tensor's bytes."""
    from t2sql.gguf import read_gguf

    info = read_gguf(source).tensors[tensor]
    data = bytearray(source.read_bytes())
    raw = np.frombuffer(bytes(data[info.offset : info.offset + info.nbytes]), np.uint8)
    changed = np.ascontiguousarray(change(raw.reshape(info.rows, -1).copy()))
    data[info.offset : info.offset + info.nbytes] = changed.tobytes()
    out.write_bytes(data)
    return out
