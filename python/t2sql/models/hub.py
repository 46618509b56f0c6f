"""Models on the Hugging Face hub: pinned to a commit; unknown architectures cost no download of weights."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
from huggingface_hub import errors

from t2sql import runtimes
from t2sql.errors import InputError, WorkError
from t2sql.plain import parse_json
from t2sql.progress import Progress

FILES = (
    "config.json",
    "generation_config.json",
    "model*.safetensors",
    "model.safetensors.index.json",
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template*",
    "README.md",
    "LICENSE*",
)
"""Patterns of the files that are downloaded."""

_TRANSPORTS = ("httpx", "httpx2", "httpcore", "httpcore2", "requests")
"""Libraries whose exceptions the hub's client lets through; which of them it uses depends on its version."""


@dataclass(frozen=True)
class Snapshot:
    """One commit of a hub model in the hub client's cache.

    Attributes:
        path: The directory that holds the files of this commit.
        revision: The commit hash.
    """

    path: Path
    revision: str


def download(
    hub_id: str,
    *,
    revision: str | None = None,
    progress: Progress | None = None,
    check: Callable[[Path], None] | None = None,
) -> Snapshot:
    """Download a model, unless this commit of it is in the cache; without a network, take what is cached.

    `config.json` comes first, and with it the commit: the other files are asked for at exactly that commit.

    Args:
        hub_id: `OWNER/NAME`, or `NAME` for the few old models without an owner.
        revision: A commit, branch or tag; by default the main branch.
        progress: Called before each of the two parts.
        check: Refuses a config.json, by an InputError, before the weights are downloaded.

    Raises:
        InputError: The hub has no such model or does not hand it out, the hub is switched off or cannot be
            reached and the model is not in the cache, or no runtime here knows the architecture.
        WorkError: The download failed.
    """
    with _translate_errors(hub_id):
        if progress:
            progress(0, 2, f"{hub_id}: config.json")
        config = Path(huggingface_hub.hf_hub_download(hub_id, "config.json", revision=revision))
        commit = config.parent.name
        check_architecture(config, hub_id)
        if check is not None:
            check(config)
        if progress:
            progress(1, 2, f"{hub_id}: weights")
        path = Path(huggingface_hub.snapshot_download(hub_id, revision=commit, allow_patterns=list(FILES)))
        return Snapshot(path, commit)


def check_architecture(file: Path, model: str) -> None:
    """Refuse a model whose `config.json` names an architecture that mlx-lm does not know.

    What t2sql converts is a subset of that. Where mlx-lm is not installed, nothing is refused here.

    Raises:
        InputError: The file does not parse, names no model type, or names an unknown one.
    """
    try:
        config = parse_json(file.read_text(encoding="utf-8"))
        model_type = config["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError("config.json names no model", where=model, found=error) from None
    if importlib.util.find_spec("mlx_lm") is not None and not runtimes.mlx_lm.knows_architecture(
        str(model_type)
    ):
        raise InputError(
            "architecture not supported",
            where=f"{model}: config.json",
            expected="a model type that mlx-lm knows",
            found=model_type,
        )


@contextmanager
def _translate_errors(hub_id: str) -> Iterator[None]:
    """Raise what the hub's client raises as an InputError or a WorkError that says what to do."""
    try:
        yield
    except errors.GatedRepoError:
        raise InputError(
            "the model is gated",
            where=hub_id,
            hint=f"Accept its terms on https://huggingface.co/{hub_id} and set HF_TOKEN",
        ) from None
    except errors.RepositoryNotFoundError:
        raise InputError(
            "no such model",
            where=hub_id,
            expected="a directory, a .gguf file, demo or a hub id",
            hint="A private one needs HF_TOKEN",
        ) from None
    except errors.RevisionNotFoundError:
        raise InputError("the model has no such revision", where=hub_id) from None
    except errors.HFValidationError as error:
        raise InputError("no such model", where=hub_id, expected="a hub id", found=str(error)) from None
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled):
        offline = huggingface_hub.constants.HF_HUB_OFFLINE
        raise InputError(
            "the model is not on this machine and the hub is "
            + ("switched off" if offline else "unreachable"),
            where=hub_id,
            found="HF_HUB_OFFLINE is set" if offline else "no connection",
            hint="Download it where there is a network, or give a directory, a .gguf file or demo",
        ) from None
    except errors.EntryNotFoundError:
        raise InputError("not a model", where=hub_id, expected="config.json in the repository") from None
    except OSError as error:
        found = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise WorkError("the model could not be downloaded", where=hub_id, found=found) from None
    except Exception as error:
        if type(error).__module__.split(".")[0] in _TRANSPORTS:
            found = f"{type(error).__name__}: {error}"
            raise WorkError("the hub is unreachable", where=hub_id, found=found) from None
        raise
