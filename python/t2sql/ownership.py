"""Which directories, and which files in them, t2sql wrote: only those are ever replaced or removed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from t2sql.errors import InputError
from t2sql.leftovers import leftovers
from t2sql.plain import JsonObject, parse_json

_SHOWN = 3
_README_LIMIT = 1 << 20
_HEADER_LIMIT = 1 << 24


@dataclass(frozen=True)
class OutputKind:
    """A kind of directory that t2sql writes.

    Attributes:
        name: What it is called in messages.
        mark: What shows that t2sql wrote one, in words.
        is_ours: Whether a directory has that mark.
        files: Patterns of the files in it, relative to it; `*` does not stand for a slash.
    """

    name: str
    mark: str
    is_ours: Callable[[Path], bool]
    files: tuple[str, ...]

    def foreign(self, folder: Path) -> list[Path]:
        """The files, links and empty folders in a directory that t2sql did not write."""
        return foreign(folder, self.files)

    def check_replaceable(self, out: Path) -> None:
        """Check that replacing an output loses nothing but what t2sql wrote.

        Raises:
            InputError: `out` is a link, a file, or a directory with anything else in it.
        """
        if out.is_symlink():
            raise InputError("output is a symbolic link, so it is not replaced", where=out)
        if not out.exists():
            return
        if not out.is_dir():
            raise InputError(f"output is a file and no {self.name}, so it is not replaced", where=out)
        if not any(out.iterdir()):
            return
        if not self.is_ours(out):
            raise InputError(
                f"output is not a {self.name} that t2sql wrote, so it is not replaced",
                where=out,
                expected=self.mark,
                hint="Choose another name",
            )
        others = self.foreign(out)
        if others:
            raise InputError(
                "output holds what t2sql did not write, so it is not replaced",
                where=out,
                found=in_words(others, out),
                hint="Move it elsewhere, or choose another name",
            )


def foreign(folder: Path, patterns: Sequence[str]) -> list[Path]:
    """What a directory holds besides files of these patterns: files, links, and folders with nothing in them.

    Args:
        folder: The directory; links are not followed.
        patterns: Patterns of paths relative to it; a pattern that ends in a slash allows an empty folder.
    """
    others: list[Path] = []
    for root, folders, files in os.walk(folder):
        here = Path(root)
        unfinished = set(leftovers(here, own=True))
        # What a killed process left half-written is t2sql's own, whatever is in it.
        folders[:] = [name for name in folders if here / name not in unfinished]
        links = [name for name in folders if (here / name).is_symlink()]
        for name in [*files, *links]:
            path = here / name
            if path not in unfinished and (
                path.is_symlink() or not _matches(path.relative_to(folder).as_posix(), patterns)
            ):
                others.append(path)
        is_empty = here != folder and not (folders or files or unfinished)
        if is_empty and not _matches(here.relative_to(folder).as_posix() + "/", patterns):
            others.append(here)
    return sorted(others)


def in_words(paths: Sequence[Path], root: Path) -> str:
    """The first few of some paths in a directory, and how many more there are."""
    names = [path.relative_to(root).as_posix() for path in paths[:_SHOWN]]
    return ", ".join(names) + (f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else "")


def _matches(path: str, patterns: Sequence[str]) -> bool:
    parts = path.split("/")
    for pattern in patterns:
        wanted = pattern.split("/")
        if len(wanted) == len(parts) and all(map(fnmatchcase, parts, wanted)):
            return True
    return False


def _json(path: Path) -> JsonObject:
    """The object in a file of JSON; an empty one where there is none."""
    try:
        document = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _is_dataset(folder: Path) -> bool:
    info = _json(folder / "dataset.json")
    return {"source", "version", "seed", "counts"} <= set(info) and isinstance(info["counts"], dict)


def _is_model(folder: Path) -> bool:
    section = _json(folder / "config.json").get("t2sql")
    if isinstance(section, dict) and "prompt_format" in section and "base_model" in section:
        return True
    try:
        with open(folder / "README.md", encoding="utf-8") as file:
            text = file.read(_README_LIMIT)
    except (OSError, ValueError):
        return False
    return any(
        line.startswith("Imported from `") and line.endswith("` with t2sql.") for line in text.split("\n")
    )


def _is_checkpoint(folder: Path) -> bool:
    return "version" in _json(folder / "state.json")


def _is_adapter(folder: Path) -> bool:
    """Whether the metadata of an adapter's tensors has the entry that `export-adapter` writes."""
    for name in ADAPTER_FILES[:2]:
        try:
            with open(folder / name, "rb") as file:
                size = int.from_bytes(file.read(8), "little")
                header = parse_json(file.read(min(size, _HEADER_LIMIT)).decode())
        except (OSError, ValueError):
            continue
        metadata = header.get("__metadata__") if isinstance(header, dict) else None
        if isinstance(metadata, dict) and "t2sql" in metadata:
            return True
    return False


ADAPTER_FILES = ("adapters.safetensors", "adapter_model.safetensors", "adapter_config.json")
ADAPTER = OutputKind(
    "adapter", "a t2sql entry in the metadata of its safetensors file", _is_adapter, ADAPTER_FILES
)
DATASET = OutputKind(
    "dataset",
    "dataset.json as t2sql writes it",
    _is_dataset,
    ("dataset.json", "train.jsonl", "valid.jsonl", "test.jsonl", "db/*.sqlite", "db/"),
)
MODEL = OutputKind(
    "model directory",
    "a t2sql section in config.json, or a README.md that t2sql import wrote",
    _is_model,
    (
        *("config.json", "generation_config.json", "model.safetensors", "model.safetensors.index.json"),
        *("model-[0-9]*-of-[0-9]*.safetensors", "tokenizer*.json", "tokenizer.*"),
        *("tokenizer*.model*", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt"),
        *("*.tiktoken", "chat_template.jinja", "README*", "LICENSE*", "LICENCE*", "NOTICE*"),
    ),
)
CHECKPOINT = OutputKind(
    "checkpoint",
    "state.json as t2sql writes it",
    _is_checkpoint,
    ("adapters.safetensors", "adapter_config.json", "optimizer.safetensors", "state.json"),
)
