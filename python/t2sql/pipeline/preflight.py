"""Whether a whole chain can succeed with a model, asked before its first second of work."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

from t2sql import fuse, gguf, models, runtimes, train, verification
from t2sql.errors import MissingPartError
from t2sql.models import ModelRef
from t2sql.pipeline.settings import Settings

_CONVERTING = {"convert", "quantize", "verify", "compare"}
_ASKING = {"test", "compare", "verify"}
_TRAINING = {"data", "train"}


def check_chain(settings: Settings, plan: Sequence[str], *, revision: str | None = None) -> ModelRef:
    """Check that every planned stage can work with a model, by its config, tokenizer and headers.

    Args:
        settings: The run's; a hub model's config is looked at before its weights are downloaded.
        plan: The stages.
        revision: The commit of a hub model; None for its main branch.

    Returns:
        The model.

    Raises:
        InputError: There is no such model, mlx-lm cannot train it, or the converter does not know it.
        MissingPartError: llama.cpp is needed and not installed.
        WorkError: The download failed, or a stage would take more memory than there is.
    """
    converts = not _CONVERTING.isdisjoint(plan)
    if not _ASKING.isdisjoint(plan) and importlib.util.find_spec("xllamacpp") is None:
        raise MissingPartError("llama.cpp is not installed", hint=runtimes.install.LLAMA_CPP)
    check = gguf.check_architecture if converts else None
    found = models.resolve(settings.model, revision=revision, check=check)
    _check_memory(found, settings, plan)
    only_trains = _TRAINING.issuperset(plan)
    base = train.base_directory(found, settings.train) if only_trains else models.as_directory(found)
    models.check_architecture(base.path / "config.json", settings.model)
    if converts:
        gguf.check_convertible(base.path)
    return found


def _check_memory(model: ModelRef, settings: Settings, plan: Sequence[str]) -> None:
    """Refuse a chain one of whose stages takes more memory than there is."""
    if "fuse" in plan:
        fuse.check_fits(model)
    if "verify" in plan:
        verification.check_fits(model.path)
    elif "train" in plan:
        train.check_base_fits(model, settings.train)
