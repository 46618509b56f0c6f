"""A dataset's examples as texts to verify with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from t2sql.data import Dataset


def prompts_of(dataset: Dataset, *, limit: int) -> list[str]:
    """Prompts with their completions as a model is trained on them, evenly from the first split there is."""
    name = next((name for name in ("test", "valid", "train") if dataset.counts.get(name)), "test")
    examples = dataset.split(name)
    step = max(1, -(-len(examples) // limit))
    return [example.prompt + example.completion for example in examples[::step]]
