"""llama.cpp's names for ways to split text into words, each with the tokenizer.json structure it stands for.

The names are those of `tokenizer.ggml.pre`, the expressions those of `llm_tokenizer_bpe` in llama-vocab.cpp.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from t2sql.checked_json import CheckedJson
from t2sql.errors import InputError
from t2sql.gguf.tokenizer.documents import TokenizerDocument
from t2sql.plain import JsonObject


class Splitting(NamedTuple):
    """What tokenizer.json says of how a byte-level BPE splits text.

    Attributes:
        pre_tokenizer: What splits text into words.
        ignore_merges: Whether a word that is a token stays whole; llama.cpp ties this to the name.
        normalizer: What changes the text before; None for nothing.
    """

    pre_tokenizer: JsonObject | None
    ignore_merges: bool
    normalizer: JsonObject | None

    @classmethod
    def of(cls, document: TokenizerDocument) -> Splitting:
        """The splitting of a tokenizer.json."""
        pre_tokenizer, normalizer = document.pre_tokenizer, document.normalizer
        return cls(
            None if pre_tokenizer is None else pre_tokenizer.document,
            document.ignore_merges,
            None if normalizer is None else normalizer.document,
        )


_CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_LLAMA3 = _CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + _REST
_QWEN2 = _CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + _REST
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_CASED = r"[^\r\n\p{L}\p{N}]?" + _UPPER + "{0}" + _LOWER + "{1}"
_REST_SLASH = _REST.replace(r"[\r\n]*", r"[\r\n/]*", 1)
_TEKKEN = f"{_CASED.replace('{0}', '*').replace('{1}', '+')}|{_CASED.replace('{0}', '+').replace('{1}', '*')}"
_GPT4O = "|".join(part + _CONTRACTIONS + "?" for part in _TEKKEN.split("|"))
_QWEN35 = (
    _CONTRACTIONS
    + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}"
    + _REST.replace(r"[^\s\p{L}\p{N}]", r"[^\s\p{L}\p{M}\p{N}]", 1)
)
# DeepSeek's own lists of ranges, as its tokenizer.json files have them.
_DEEPSEEK_CJK = "[一-龥ࠀ-一가-퟿]+"
_DEEPSEEK_V3 = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|"""
    "[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*"
    "|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"
)
# Characters that composing would change are written as escapes.
_DEEPSEEK_LETTERS = (
    "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u1f7dᾀ-ᾴᾶ-ᾼ\u1fbeῂ-ῄῆ-ῌῐ-\u1fd3ῖ-\u1fdbῠ-Ῥῲ-ῴῶ-ῼ"
    "ℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212a-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃"
)


def _split(pattern: str) -> JsonObject:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def _byte_level(use_regex: bool) -> JsonObject:
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": use_regex}


def _sequence(*steps: JsonObject) -> JsonObject:
    return {"type": "Sequence", "pretokenizers": list(steps)}


_DIGITS: JsonObject = {"type": "Digits", "individual_digits": True}


def _deepseek_llm(digits: JsonObject) -> Splitting:
    return Splitting(
        _sequence(
            _split("[\r\n]"),
            _split(rf"\s?[{_DEEPSEEK_LETTERS}]+"),
            _split(r"\s?[!-/:-~！-／：-～‘-‟　-。]+"),
            _split(r"\s+$"),
            _split(_DEEPSEEK_CJK),
            digits,
            _byte_level(False),
        ),
        False,
        None,
    )


STRUCTURES: dict[str, Splitting] = {
    "gpt-2": Splitting(_byte_level(True), False, None),
    "smollm": Splitting(_sequence(_DIGITS, _byte_level(True)), False, None),
    "llama-bpe": Splitting(_sequence(_split(_LLAMA3), _byte_level(False)), True, None),
    "dbrx": Splitting(_sequence(_split(_LLAMA3), _byte_level(False)), False, None),
    "qwen2": Splitting(_sequence(_split(_QWEN2), _byte_level(False)), False, {"type": "NFC"}),
    "tekken": Splitting(_sequence(_split(_TEKKEN + r"|\p{N}" + _REST_SLASH), _byte_level(False)), True, None),
    "gpt-4o": Splitting(
        _sequence(_split(_GPT4O + r"|\p{N}{1,3}" + _REST_SLASH), _byte_level(False)), False, None
    ),
    "qwen35": Splitting(_sequence(_split(_QWEN35), _byte_level(False)), False, {"type": "NFC"}),
    "deepseek-llm": _deepseek_llm(_DIGITS),
    "deepseek-v3": Splitting(
        _sequence(
            _split(r"\p{N}{1,3}"), _split("[一-龥぀-ゟ゠-ヿ]+"), _split(_DEEPSEEK_V3), _byte_level(False)
        ),
        False,
        None,
    ),
    "deepseek-coder": Splitting(
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
    "hunyuan-dense": "deepseek-v3",
}
# Structures that split as another one does with the vocabulary that they come with: no token has two digits.
_VARIANTS = (("deepseek-llm", _deepseek_llm({"type": "Digits", "individual_digits": False})),)


def structure(pre: str, where: object) -> Splitting:
    """The structure that a GGUF's `tokenizer.ggml.pre` stands for.

    Args:
        pre: The name, or one of its aliases.
        where: The file, for the error.

    Raises:
        InputError: The name is unknown.
    """
    name = ALIASES.get(pre, pre)
    if name not in STRUCTURES:
        raise InputError(
            "pre-tokenizer not supported",
            where=where,
            expected=" or ".join(sorted(STRUCTURES)),
            found=f"tokenizer.ggml.pre = {pre!r}",
        )
    return STRUCTURES[name]


def name_of(document: TokenizerDocument) -> str:
    """The name whose structure a tokenizer.json has.

    Raises:
        InputError: It has the structure of none.
    """
    wanted = None if document.pre_tokenizer is None else _canonical(document.pre_tokenizer)
    matches = [
        (name, known.ignore_merges)
        for name, known in (*STRUCTURES.items(), *_VARIANTS)
        if _canonical(CheckedJson(known.pre_tokenizer or {}, name)) == wanted
    ]
    for name, ignore_merges in matches:
        if ignore_merges == document.ignore_merges or len(matches) == 1:
            return name
    raise InputError(
        "pre-tokenizer not recognised",
        where=document.path,
        expected="the structure of " + ", ".join(sorted(STRUCTURES)),
        found=json.dumps(Splitting.of(document).pre_tokenizer),
        hint="If llama.cpp has a name for it, give it with --pre",
    )


def check_normalizer(document: TokenizerDocument) -> None:
    """Refuse a normalizer other than NFC.

    llama.cpp normalizes no text. Composing characters is the one step that most text does not need.

    Raises:
        InputError: tokenizer.json has another normalizer.
    """
    normalizer = document.normalizer
    if normalizer is None:
        return
    is_sequence = normalizer.text("type", default="none") == "Sequence"
    for step in normalizer.objects("normalizers") if is_sequence else [normalizer]:
        kind = step.text("type", default="none")
        if kind != "NFC":
            raise InputError(
                "normalizer not supported", where=document.path, expected="NFC or none", found=kind
            )


def _canonical(step: CheckedJson) -> object:
    """What decides how a pre-tokenizer splits: one-step sequences opened, defaults and offsets left out."""
    kind = step.text("type", default="none")
    if kind == "Sequence":
        steps = [_canonical(inner) for inner in step.objects("pretokenizers")]
        return steps[0] if len(steps) == 1 else steps
    if kind == "ByteLevel":
        return (kind, step.flag("use_regex", default=True), step.flag("add_prefix_space", default=True))
    if kind == "Split":
        pattern = step.section("pattern")
        regex = pattern.text("Regex", default="") or pattern.text("String", default="")
        # A line end and its escape mean the same in a regular expression.
        regex = regex.replace("\r", r"\r").replace("\n", r"\n")
        # Removed + inverted keeps the matches, which is what Isolated does for a pattern that matches all.
        behavior = step.text("behavior")
        inverted = behavior == "Removed" and step.flag("invert", default=False)
        return (kind, regex, behavior == "Isolated" or inverted)
    if kind == "Digits":
        return (kind, step.flag("individual_digits", default=False))
    return tuple(sorted((key, json.dumps(value, sort_keys=True)) for key, value in step.document.items()))
