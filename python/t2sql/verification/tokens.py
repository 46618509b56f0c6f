"""Tokens: the source's tokenizer and those of the runtimes give the same ids for hard strings."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from t2sql.gguf import GgufFile, MetadataValue, special_ids
from t2sql.verification.original import Tokenizer
from t2sql.verification.result import Check

# (text, whether BOS and EOS are added) -> token ids.
Encode: TypeAlias = Callable[[str, bool], list[int]]

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


@dataclass(frozen=True)
class Limits:
    """What a source's tokenizer does and a GGUF cannot express; conversion warns of it.

    Attributes:
        prefixes_once: Only the beginning of a text gets a leading space, and none where it has one.
        without_row: Added tokens without a row in the embedding.
    """

    prefixes_once: bool = False
    without_row: Sequence[str] = ()

    def comparable(self, strings: Sequence[str]) -> Sequence[str]:
        """The texts whose ids a file can give."""
        return [text for text in strings if not (self.prefixes_once and text.startswith((" ", "▁")))]


@dataclass(frozen=True)
class _Difference:
    """A text that two tokenizers split differently, with the ids of both."""

    text: str
    expected: Sequence[int]
    found: Sequence[int]


def check_vocabulary(expected: Mapping[str, MetadataValue], gguf: GgufFile) -> list[Check]:
    """Compare the file's tokens and merges with those that a conversion writes.

    Args:
        expected: The metadata that a conversion writes.
        gguf: The file.
    """
    checks = []
    for name in ("tokens", "merges"):
        key = f"tokenizer.ggml.{name}"
        stated = expected.get(key)
        wanted, found = list(stated) if isinstance(stated, list) else [], list(gguf.texts(key))
        if not wanted:
            continue
        detail = ""
        if wanted != found:
            index = _first_difference(wanted, found)
            there, here = (repr(some[index]) if index < len(some) else "nothing" for some in (wanted, found))
            detail = f"number {index} is {here}, in the source {there}"
        label = "tokens/vocabulary" if name == "tokens" else f"tokens/{name}"
        checks.append(Check(label, wanted == found, len(found), len(wanted), detail))
    return checks


def check_tokens(
    tokenizer: Tokenizer, gguf: GgufFile, encode: Encode, prompts: Sequence[str] = (), *, limits: Limits
) -> list[Check]:
    """Compare llama.cpp's tokenizer with the source's.

    Args:
        tokenizer: The source's.
        gguf: The file.
        encode: The file's tokenizer in llama.cpp.
        prompts: Texts of the caller's own, such as those of a run.
        limits: What the file cannot express.
    """
    checks = [_check_special_ids(tokenizer, gguf)]
    for name, strings in (
        ("hard strings", HARD_STRINGS),
        ("special tokens in text", _with_special(tokenizer, limits)),
        ("prompts", tuple(prompts)),
    ):
        comparable = limits.comparable(strings)
        if comparable:
            check = _check_strings(f"tokens/{name}", tokenizer, encode, comparable, "llama.cpp")
            left_out = len(strings) - len(comparable)
            note = f"{left_out} texts that begin with a space are left out: the format cannot express them"
            checks.append(replace(check, detail=check.detail or note) if left_out else check)
    return checks


def check_imported(tokenizer: Tokenizer, imported: Tokenizer, limits: Limits) -> Check:
    """Compare the tokenizer that MLX gets from the file with the source's."""

    def encode(text: str, special: bool) -> list[int]:
        return list(imported.encode(text, add_special_tokens=special))

    strings = limits.comparable((*HARD_STRINGS, *_with_special(tokenizer, limits)))
    return _check_strings("tokens/in MLX", tokenizer, encode, strings, "MLX")


def _check_special_ids(tokenizer: Tokenizer, gguf: GgufFile) -> Check:
    stated = special_ids(gguf)
    wrong = []
    for name, expected in (("bos", tokenizer.bos_token_id), ("eos", tokenizer.eos_token_id)):
        if expected is not None and stated.get(name) != expected:
            wrong.append(f"{name} is {stated.get(name)} in the file, {expected} in the source")
    return Check("tokens/special ids", not wrong, len(wrong), 0, "; ".join(wrong))


def _with_special(tokenizer: Tokenizer, limits: Limits) -> tuple[str, ...]:
    """Texts with special tokens in them: llama.cpp finds those before it splits a text."""
    strings: list[str] = []
    for token in [token for token in tokenizer.all_special_tokens if token not in limits.without_row][:8]:
        if limits.prefixes_once:
            strings.append(f"a{token}")
            continue
        strings += [f"a{token}b", f"first {token} second", f"{token}\n{token}"]
    return tuple(strings)


def _check_strings(
    name: str, tokenizer: Tokenizer, encode: Encode, strings: Sequence[str], runtime: str
) -> Check:
    """Encode each string with and without BOS and EOS; the value is how often the ids are the same."""
    total = 2 * len(strings)
    wrong = list(_differences(tokenizer, encode, strings))
    detail = ""
    if wrong:
        first = wrong[0]
        index = _first_difference(first.expected, first.found)
        ids = [list(some[index : index + 4]) for some in (first.expected, first.found)]
        detail = f"{first.text[:40]!r} differs at token {index}: source {ids[0]}, {runtime} {ids[1]}"
    return Check(name, not wrong, total - len(wrong), total, detail)


def _differences(tokenizer: Tokenizer, encode: Encode, strings: Iterable[str]) -> Iterable[_Difference]:
    composes = _composes(tokenizer)
    for string in strings:
        # llama.cpp normalizes nothing: a tokenizer that composes characters is compared on composed text.
        text = unicodedata.normalize("NFC", string) if composes else string
        for special in (True, False):
            expected = list(tokenizer.encode(text, add_special_tokens=special))
            found = encode(text, special)
            if expected != found:
                yield _Difference(text, expected, found)


def _composes(tokenizer: Any) -> bool:
    """Whether a tokenizer of transformers normalizes to NFC; only those of the tokenizers library can."""
    try:
        return "NFC" in repr(tokenizer.backend_tokenizer.normalizer)
    except AttributeError:
        return False


def _first_difference(expected: Sequence[object], found: Sequence[object]) -> int:
    """The first index at which two sequences differ; the length of the shorter when one continues."""
    pairs = enumerate(zip(expected, found, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(expected), len(found)))
