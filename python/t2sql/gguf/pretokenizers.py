"""The `tokenizer.ggml.pre` names this package knows, each with the tokenizer.json structure it stands for."""

from __future__ import annotations

import json
from typing import Any

from t2sql.errors import InputError

_CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_LLAMA3 = _CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + _REST
_QWEN2 = _CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + _REST
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_CASED = r"[^\r\n\p{L}\p{N}]?" + _UPPER + "{0}" + _LOWER + "{1}"
_REST_SLASH = _REST.replace(r"[\r\n]*", r"[\r\n/]*", 1)
_TEKKEN = f"{_CASED.replace('{0}', '*').replace('{1}', '+')}|{_CASED.replace('{0}', '+').replace('{1}', '*')}"
_GPT4O = "|".join(part + _CONTRACTIONS + "?" for part in _TEKKEN.split("|"))
# deepseek-coder's own list of CJK ranges, as its tokenizer.json has them.
_DEEPSEEK_CJK = "[一-龥ࠀ-一가-퟿]+"


def _split(pattern: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def _byte_level(use_regex: bool) -> dict[str, Any]:
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": use_regex}


def _sequence(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Sequence", "pretokenizers": list(steps)}


_DIGITS = {"type": "Digits", "individual_digits": True}

# name -> (pre_tokenizer, ignore_merges, normalizer). llama.cpp ties `ignore_merges` to the name.
STRUCTURES: dict[str, tuple[dict[str, Any], bool, dict[str, Any] | None]] = {
    "gpt-2": (_byte_level(True), False, None),
    "smollm": (_sequence(_DIGITS, _byte_level(True)), False, None),
    "llama-bpe": (_sequence(_split(_LLAMA3), _byte_level(False)), True, None),
    "dbrx": (_sequence(_split(_LLAMA3), _byte_level(False)), False, None),
    "qwen2": (_sequence(_split(_QWEN2), _byte_level(False)), False, {"type": "NFC"}),
    "tekken": (_sequence(_split(_TEKKEN + r"|\p{N}" + _REST_SLASH), _byte_level(False)), True, None),
    "gpt-4o": (_sequence(_split(_GPT4O + r"|\p{N}{1,3}" + _REST_SLASH), _byte_level(False)), False, None),
    "deepseek-coder": (
        _sequence(
            _split("[\r\n]"),
            _split(r"\s?\p{L}+"),
            _split(r"\s?\p{P}+"),
            _split(_DEEPSEEK_CJK),
            _DIGITS,
            _byte_level(False),
        ),
        False,
        None,
    ),
}
# Other names for the same splitting in llama.cpp, read but never written.
ALIASES = {
    "llama3": "llama-bpe",
    "llama-v3": "llama-bpe",
    "starcoder": "smollm",
    "refact": "smollm",
    "command-r": "smollm",
    "olmo": "gpt-2",
    "phi-2": "gpt-2",
    "smaug-bpe": "dbrx",
    "deepseek-r1-qwen": "qwen2",
}


def structure(pre: str, where: object) -> tuple[dict[str, Any], bool, dict[str, Any] | None]:
    """The tokenizer.json pre-tokenizer, `ignore_merges` and normalizer that a GGUF's `pre` stands for."""
    name = ALIASES.get(pre, pre)
    if name not in STRUCTURES:
        raise InputError(
            "pre-tokenizer not supported",
            where=where,
            expected=" or ".join(sorted(STRUCTURES)),
            found=f"tokenizer.ggml.pre = {pre!r}",
        )
    return STRUCTURES[name]


def name_of(tokenizer: dict[str, Any], where: object) -> str:
    """The `pre` name whose structure a tokenizer.json has."""
    found = _canonical(tokenizer.get("pre_tokenizer"))
    merges = bool(tokenizer["model"].get("ignore_merges", False))
    matches = [(name, ignore) for name, (pre, ignore, _) in STRUCTURES.items() if _canonical(pre) == found]
    for name, ignore in matches:
        if ignore == merges or len(matches) == 1:
            return name
    raise InputError(
        "pre-tokenizer not recognised",
        where=where,
        expected="the structure of " + ", ".join(sorted(STRUCTURES)),
        found=json.dumps(tokenizer.get("pre_tokenizer"), ensure_ascii=False),
        hint="If llama.cpp has a name for it, give it with --pre",
    )


def check_normalizer(tokenizer: dict[str, Any], where: object) -> None:
    """llama.cpp normalizes no text: composing characters (NFC) is all it may be trusted not to need."""
    normalizer = tokenizer.get("normalizer") or {"type": "Sequence", "normalizers": []}
    steps = normalizer["normalizers"] if normalizer.get("type") == "Sequence" else [normalizer]
    for step in steps:
        if step.get("type") != "NFC":
            raise InputError(
                "normalizer not supported", where=where, expected="NFC or none", found=step.get("type")
            )


def _canonical(node: Any) -> Any:
    """What matters of a pre-tokenizer: one-step sequences opened, defaults and offsets left out."""
    if not isinstance(node, dict):
        return node
    kind = node.get("type")
    if kind == "Sequence":
        steps = [_canonical(step) for step in node["pretokenizers"]]
        return steps[0] if len(steps) == 1 else steps
    if kind == "ByteLevel":
        return (kind, node.get("use_regex", True), node.get("add_prefix_space", True))
    if kind == "Split":
        pattern = node["pattern"]
        regex = pattern.get("Regex") or pattern.get("String")
        # Removed + inverted keeps the matches, which is what Isolated does for a pattern that matches all.
        isolated = node["behavior"] == "Isolated" or (node["behavior"] == "Removed" and node.get("invert"))
        return (kind, regex, isolated)
    if kind == "Digits":
        return (kind, node.get("individual_digits", False))
    return tuple(sorted((key, json.dumps(value, sort_keys=True)) for key, value in node.items()))
