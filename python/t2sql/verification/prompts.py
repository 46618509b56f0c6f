"""A dataset's examples as texts to verify with."""

from __future__ import annotations

from t2sql import data


def prompts_of(dataset: data.Dataset, *, limit: int | None = None) -> list[str]:
    """Prompts with their completions, as a model is trained on them.

    Args:
        dataset: The dataset; its test split is used, else valid, else train.
        limit: The most texts, spread evenly over the split; None for all.
    """
    name = next((name for name in ("test", "valid", "train") if dataset.counts.get(name)), "test")
    examples = dataset.split(name)
    step = 1 if limit is None else max(1, -(-len(examples) // limit))
    return [example.prompt + example.completion for example in examples[::step]]
