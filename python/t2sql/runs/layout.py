"""Where everything in a run directory is: the one place that knows the names of its files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from t2sql.leftovers import sweep

BEST = "best.json"
SCHEDULE = "schedule.json"


@dataclass(frozen=True)
class RunLayout:
    """The paths of a run directory. Nothing here says whether they exist.

    Attributes:
        root: The run directory.
    """

    root: Path

    @property
    def name(self) -> str:
        """The directory's own name, also where the path is "."."""
        return self.named_root.name

    @property
    def named_root(self) -> Path:
        """The run directory by its own name, also where the path is "."."""
        return Path(os.path.abspath(self.root))

    @property
    def stem(self) -> str:
        """The run's name as the beginning of its model files' names."""
        name = self.root.resolve().name
        return "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip(".") or "model"

    @property
    def config(self) -> Path:
        """The settings, as resolved, and the versions of what ran. A directory with this file is a run."""
        return self.root / "config.toml"

    @property
    def events(self) -> Path:
        """What happened, a JSON line each (`records.Event`)."""
        return self.root / "events.jsonl"

    @property
    def stages(self) -> Path:
        """What each stage was made from, and its result."""
        return self.root / "stages.json"

    @property
    def lock(self) -> Path:
        """Held by the process that writes the run."""
        return self.root / "lock"

    @property
    def data(self) -> Path:
        """The dataset's directory."""
        return self.root / "data"

    @property
    def checkpoints(self) -> Path:
        """The directory of the checkpoints."""
        return self.root / "checkpoints"

    def checkpoint(self, step: int) -> Path:
        """The directory of the checkpoint at a step."""
        return self.checkpoints / f"{step:07d}"

    @property
    def best(self) -> Path:
        """Which checkpoint the run stands for (`records.ChosenCheckpoint`)."""
        return self.checkpoints / BEST

    @property
    def schedule(self) -> Path:
        """The steps that fit into the run's time (`records.TimedSchedule`)."""
        return self.checkpoints / SCHEDULE

    @property
    def fused(self) -> Path:
        """The model with the chosen checkpoint in its weights, a Hugging Face directory."""
        return self.root / "fused"

    @property
    def gguf(self) -> Path:
        """The directory of the GGUF files."""
        return self.root / "gguf"

    def model_file(self, ggml_type: str) -> Path:
        """The trained model as a GGUF file of a type, such as "q8_0"."""
        return self.gguf / f"{self.stem}.{ggml_type}.gguf"

    def model_files(self, types: tuple[str, ...]) -> list[Path]:
        """The trained model's GGUF files: f32, then `types`."""
        return [self.model_file(name) for name in ("f32", *types)]

    @property
    def base_file(self) -> Path:
        """The untrained model as a Q8_0 file, to compare with; it never has the name of a trained one."""
        # Where case does not matter in names, Base.q8_0.gguf would be the same file.
        return self.gguf / ("untrained.q8_0.gguf" if self.stem.lower() == "base" else "base.q8_0.gguf")

    @property
    def modelfile(self) -> Path:
        """What Ollama reads beside the GGUF files."""
        return self.gguf / "Modelfile"

    def existing_model_files(self) -> list[Path]:
        """The GGUF files that exist: Q8_0 first, the untrained base model last."""
        files = self.gguf.glob("*.gguf")
        return sorted(files, key=lambda f: (f == self.base_file, ".q8_0." not in f.name, f.name))

    @property
    def predictions(self) -> Path:
        """The directory of the prediction files."""
        return self.root / "predictions"

    def predictions_file(self, model: str, backend: str, split: str) -> Path:
        """The answers of a model on a backend to the questions of a split."""
        return self.predictions / predictions_name(model, backend, split)

    @property
    def readme(self) -> Path:
        """How to use the run's files elsewhere."""
        return self.root / "README.md"

    @property
    def report_json(self) -> Path:
        """The report's figures."""
        return self.root / "report.json"

    @property
    def report_markdown(self) -> Path:
        """The report as text."""
        return self.root / "report.md"

    @property
    def report_html(self) -> Path:
        """The report as a page."""
        return self.root / "report.html"

    @property
    def written_folders(self) -> tuple[Path, ...]:
        """The folders in which unfinished outputs can be."""
        return (self.root, self.data, self.checkpoints, self.gguf, self.predictions)

    def remove_unfinished_models(self) -> None:
        """Remove what a killed process left half-written among the model files."""
        sweep(self.gguf, own=True)


def predictions_name(model: str, backend: str, split: str) -> str:
    """The name of a predictions file, in a run or in any other directory.

    Args:
        model: The model's name: a file's without its suffix, or a directory's.
        backend: "llama" or "mlx".
        split: The split whose questions were asked.
    """
    return f"{model}.{backend}.{split}.jsonl".replace("/", "_")
