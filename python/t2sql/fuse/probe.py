"""What a model says to a few fixed texts, to compare base, base + adapter and the fused model."""

from __future__ import annotations

from typing import Any

from t2sql.prompt import encode
from t2sql.runtimes import mx, scalar

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


class Probe:
    """Fixed token ids, and the logits of a network for them in float32."""

    def __init__(self, tokenizer: Any, config: dict[str, Any]) -> None:
        limit = int(config.get("max_position_embeddings") or 512)
        self.ids = [encode(tokenizer, prompt, answer)[0][:limit] for prompt, answer in TEXTS]
        bos = getattr(tokenizer, "bos_token_id", None)
        self.adds_bos = bos is not None and self.ids[0][0] == bos

    def logits(self, network: Any) -> Any:
        """[all positions, vocabulary], evaluated."""
        parts = [network(mx.array([ids]))[0].astype(mx.float32) for ids in self.ids]
        out = mx.concatenate(parts)
        mx.eval(out)
        return out

    @staticmethod
    def rms(x: Any) -> float:
        return scalar(mx.sqrt(mx.mean(x * x)))
