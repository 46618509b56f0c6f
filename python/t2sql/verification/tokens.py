"""Tokens: the original tokenizer and llama.cpp's give the same ids for strings that tell tokenizers apart."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from t2sql.gguf import GgufFile, special_ids
from t2sql.verification.result import Check

Encode = Callable[[str, bool], list[int]]
# A text, the source's ids, the file's ids.
Difference = tuple[str, list[int], list[int]]

HARD_STRINGS = (
    "Hello, world!",
    "a",
    " ",
    "  ",
    "\n",
    "\n\n \t x",
    "   three spaces before",
    "three spaces after   ",
    "tab\tand\r\nCRLF\rCR",
    "table: students\ncolumns: Name, Age, School, Grade, Height, Weight\nQ: How old is Wang Junjian?\nA:",
    "SELECT COUNT(*) FROM \"order items\" WHERE price >= 1.50 AND name != 'O''Brien';",
    "SELECT a.b,c FROM t1 AS a JOIN t2 ON a.id=t2.id GROUP BY 1 HAVING SUM(x)>10 ORDER BY 2 DESC LIMIT 5",
    "def f(x: int) -> int:\n    return x**2  # squared\n\n\nclass A:\n\tpass\n",
    "{\"key\": [1, 2.5, -3e-7, true, null], 'x': `y`}",
    "https://example.org/a/b?c=d&e=%20f#g",
    "I'm you're they've he'll I'd it's DON'T WE'RE We'Ve",
    "1 12 123 1234 12345 1234567890 3.14159 1,000,000 0x1F 1e-9",
    "١٢٣ ²³ ½ Ⅳ ４２",
    "日本語のテキストと、中文字符。한국어 문장도",
    "Привет, мир! Γειά σου Κόσμε ½",
    "مرحبا بالعالم שלום עולם नमस्ते दुनिया สวัสดีชาวโลก",
    "café cafe\u0301 naïve Ångström ﬁ ĳ ß ẞ",
    "🙂 🎉🎉 👩‍👩‍👧‍👦 🇫🇷 ✓ ★ → ≠",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 ᏣᎳᎩ 𐍈",
    "zero\u200bwidth \u00a0nbsp \ufeffbom \u2028line",
    "\x00\x01\x7f control",
    "----====####....____~~~~!!!!????",
    "a_b-c/d\\e|f<g>h=i+j*k^l%m$n@o&p",
    "(((nested [brackets {and} more] )))",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbb",
    "MixedCASEwordsAndCamelCase snake_case_words SCREAMING_CASE",
    "▁ a real lower one eighth block ▁▁",
    "Ġ and Ċ as text",
)


def check_vocabulary(expected: Mapping[str, Any], gguf: GgufFile) -> list[Check]:
    """The lists that a tokenizer is made of, against those that a conversion writes."""
    checks = []
    for name in ("tokens", "merges"):
        key = f"tokenizer.ggml.{name}"
        wanted, found = list(expected.get(key) or []), list(gguf.get(key) or [])
        if not wanted:
            continue
        detail = ""
        if wanted != found:
            pairs = enumerate(zip(wanted, found, strict=False))
            at = next((i for i, (a, b) in pairs if a != b), min(len(wanted), len(found)))
            there, here = (repr(some[at]) if at < len(some) else "nothing" for some in (wanted, found))
            detail = f"number {at} is {here}, in the source {there}"
        label = "tokens/vocabulary" if name == "tokens" else f"tokens/{name}"
        checks.append(Check(label, wanted == found, len(found), len(wanted), detail))
    return checks


def check_tokens(tokenizer: Any, gguf: GgufFile, encode: Encode, prompts: Sequence[str] = ()) -> list[Check]:
    """`tokenizer`: the source's, from transformers. `encode(text, special)`: llama.cpp's.

    `prompts`: the caller's own, such as a run's.
    """
    checks = [_special_ids(tokenizer, gguf)]
    for name, strings in (
        ("hard strings", HARD_STRINGS),
        ("special tokens in text", _with_special(tokenizer)),
        ("prompts", tuple(prompts)),
    ):
        if strings:
            wrong, total = _differences(tokenizer, encode, strings)
            first = _first(wrong, "llama.cpp")
            checks.append(Check(f"tokens/{name}", not wrong, total - len(wrong), total, first))
    return checks


def check_imported(tokenizer: Any, imported: Any) -> Check:
    """The tokenizer that MLX gets from the file, against the source's."""

    def encode(text: str, special: bool) -> list[int]:
        return list(imported.encode(text, add_special_tokens=special))

    wrong, total = _differences(tokenizer, encode, (*HARD_STRINGS, *_with_special(tokenizer)))
    return Check("tokens/in MLX", not wrong, total - len(wrong), total, _first(wrong, "MLX"))


def _special_ids(tokenizer: Any, gguf: GgufFile) -> Check:
    stated = special_ids(gguf)
    wrong = []
    for name in ("bos", "eos"):
        expected = getattr(tokenizer, f"{name}_token_id", None)
        if expected is not None and stated.get(name) != expected:
            wrong.append(f"{name} is {stated.get(name)} in the file, {expected} in the source")
    return Check("tokens/special ids", not wrong, len(wrong), 0, "; ".join(wrong))


def _with_special(tokenizer: Any) -> tuple[str, ...]:
    strings = []
    for token in list(tokenizer.all_special_tokens)[:8]:
        strings += [f"a{token}b", f"first {token} second", f"{token}\n{token}"]
    return tuple(strings)


def _differences(tokenizer: Any, encode: Encode, strings: Sequence[str]) -> tuple[list[Difference], int]:
    wrong = []
    # llama.cpp normalizes nothing: a tokenizer that composes characters is compared on composed text.
    composes = "NFC" in repr(getattr(getattr(tokenizer, "backend_tokenizer", None), "normalizer", None))
    for given in strings:
        text = unicodedata.normalize("NFC", given) if composes else given
        for special in (True, False):
            expected = list(tokenizer.encode(text, add_special_tokens=special))
            found = encode(text, special)
            if expected != found:
                wrong.append((text, expected, found))
    return wrong, 2 * len(strings)


def _first(wrong: Sequence[Difference], who: str) -> str:
    if not wrong:
        return ""
    text, expected, found = wrong[0]
    pairs = zip(expected, found, strict=False)
    at = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(expected), len(found)))
    return f"{text[:40]!r} differs at token {at}: source {expected[at : at + 4]}, {who} {found[at : at + 4]}"
