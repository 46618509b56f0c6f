"""Logits of fixed texts, to compare the base, base + adapter and the fused model."""

from __future__ import annotations

from t2sql.plain import JsonObject
from t2sql.prompt import Tokenizer, encode
from t2sql.runtimes import Array, Module, mx, scalar

TEXTS = (
    (
        "table: orders\ncolumns: Id, Customer, Total, Placed on\nQ: Which customer paid the most?\nA: ",
        "SELECT Customer FROM orders ORDER BY Total DESC LIMIT 1",
    ),
    (
        "table: trees\ncolumns: Species, Height, Age\nQ: How many oaks are older than 100 years?\nA: ",
        "SELECT COUNT(*) FROM trees WHERE Species = 'oak' AND Age > 100",
    ),
)
"""(prompt, answer)."""

_DEFAULT_CONTEXT = 512
"""Tokens of a text at most, where config.json does not name the context."""


class Probe:
    """The fixed texts as token ids.

    Attributes:
        ids: Token ids of each text.
        adds_bos: Whether the tokenizer puts a BOS token before a text.
    """

    def __init__(self, tokenizer: Tokenizer, config: JsonObject) -> None:
        """Encode the texts.

        Args:
            tokenizer: mlx-lm's, as `models.load_tokenizer` returns it.
            config: config.json.
        """
        context = config.get("max_position_embeddings")
        limit = context if isinstance(context, int) and context > 0 else _DEFAULT_CONTEXT
        self.ids = [encode(tokenizer, prompt, answer).ids[:limit] for prompt, answer in TEXTS]
        bos = tokenizer.bos_token_id
        self.adds_bos = bos is not None and self.ids[0][0] == bos

    def logits(self, network: Module) -> Array:
        """A network's logits, float32 [positions of all texts, vocabulary], evaluated."""
        parts = [network(mx.array([ids]))[0].astype(mx.float32) for ids in self.ids]
        out = mx.concatenate(parts)
        mx.eval(out)
        return out


def rms(x: Array) -> float:
    """The root of the mean of the squares."""
    return scalar(mx.sqrt(mx.mean(x * x)))
