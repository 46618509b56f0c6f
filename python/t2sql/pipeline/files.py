"""Where a run keeps its model files, and by which names."""

from __future__ import annotations

import shutil
from pathlib import Path

from t2sql.pipeline.settings import file_stem
from t2sql.runs import Run


def model_file(run: Run, type: str) -> Path:
    return stem_file(run.path, type)


def stem_file(path: Path, type: str) -> Path:
    """The model file of a type in the run directory `path`."""
    return path / "gguf" / f"{file_stem(path)}.{type}.gguf"


def base_file(run: Run) -> Path:
    return run.dir_of("gguf") / "base.q8_0.gguf"


def model_files(run: Run, types: tuple[str, ...]) -> list[Path]:
    """The fine-tuned files, f32 first."""
    return [model_file(run, type) for type in ("f32", *types)]


def sweep(run: Run) -> None:
    """Remove what a killed process left half-written among the model files."""
    folder = run.dir_of("gguf")
    for path in folder.glob(".*") if folder.is_dir() else []:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
