"""stages.json: the result of each stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from t2sql.runs.records.checkpoints import ChosenCheckpoint, TestedCheckpoint, Threshold, TrainedCheckpoint
from t2sql.runs.records.codec import ABSENT, Record
from t2sql.runs.records.comparison import ComparedQuestion, ComparisonRow, Pair
from t2sql.runs.records.model_files import VerifiedFile, WrittenFile


@dataclass(frozen=True, kw_only=True)
class StageResult(Record):
    """Base of what a stage found.

    Attributes:
        STAGE: The stage's name.
    """

    STAGE: ClassVar[str] = ""


@dataclass(frozen=True, kw_only=True)
class DataResult(StageResult):
    """Stage `data`.

    Attributes:
        counts: Examples of each split.
        fingerprint: A hash of all examples.
        remembered: Training examples that are answers which the user confirmed; absent without any.
    """

    STAGE = "data"

    counts: dict[str, int] = field(default_factory=dict)
    fingerprint: str = ""
    remembered: int | None = field(default=None, metadata=ABSENT)


@dataclass(frozen=True, kw_only=True)
class TrainResult(StageResult):
    """Stage `train`. Of a stage that was cut short, only the first three fields are known.

    Attributes:
        total_parameters: Parameters of the model with its adapter.
        trainable_parameters: Those that are trained.
        device: MLX's device, "cpu" or "gpu".
        best_step: The checkpoint of the lowest validation loss.
        best: Its directory, relative to the run.
        steps: Optimizer steps done.
        train_loss: Training loss of the last report, in nats per token.
        valid_loss: Last validation loss.
        base_valid_loss: Validation loss before the first step.
        checkpoints: All checkpoints, by step.
    """

    STAGE = "train"

    total_parameters: int | None = None
    trainable_parameters: int | None = None
    device: str | None = None
    best_step: int | None = None
    best: str | None = None
    steps: int | None = None
    train_loss: float | None = None
    valid_loss: float | None = None
    base_valid_loss: float | None = None
    checkpoints: tuple[TrainedCheckpoint, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TestResult(StageResult):
    """Stage `test`.

    Attributes:
        calibration: From which log-probability on answers are trusted; absent where no questions were asked.
        pairs: The chosen checkpoint's answers against each other one's; absent where no questions were asked.
        rows: The base model and every checkpoint, by step.
        best_step: The chosen checkpoint.
        chosen: The same, with why it was chosen.
    """

    __test__: ClassVar[bool] = False
    STAGE = "test"

    calibration: Threshold | None = field(default=None, metadata=ABSENT)
    pairs: tuple[Pair, ...] | None = field(default=None, metadata=ABSENT)
    rows: tuple[TestedCheckpoint, ...] = ()
    best_step: int | None = None
    chosen: ChosenCheckpoint | None = None


@dataclass(frozen=True, kw_only=True)
class FuseResult(StageResult):
    """Stage `fuse`.

    Attributes:
        step: The checkpoint that was fused.
        max_change: The most that a fused weight differs from the base model's.
        max_error: The most that a logit differs from that of base and adapter side by side.
    """

    STAGE = "fuse"

    step: int | None = None
    max_change: float | None = None
    max_error: float | None = None


@dataclass(frozen=True, kw_only=True)
class ConvertResult(StageResult):
    """Stage `convert`.

    Attributes:
        files: The fused model as f32, and the base model as q8_0.
    """

    STAGE = "convert"

    files: tuple[WrittenFile, ...] = ()


@dataclass(frozen=True, kw_only=True)
class QuantizeResult(StageResult):
    """Stage `quantize`.

    Attributes:
        files: A file for each type.
    """

    STAGE = "quantize"

    files: tuple[WrittenFile, ...] = ()


@dataclass(frozen=True, kw_only=True)
class VerifyResult(StageResult):
    """Stage `verify`.

    Attributes:
        files: Every GGUF file of the run.
    """

    STAGE = "verify"

    files: tuple[VerifiedFile, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CompareResult(StageResult):
    """Stage `compare`.

    Attributes:
        split: The split whose questions were asked.
        seed: Seed of the choice of questions.
        rows: Every model on every backend, the base model first.
        pairs: Every row against the base model and against the f32 file.
        questions: The three fixed questions with every row's answer.
        best_score: The highest accuracy of a trained model, among the rows with the most questions.
        baseline: Accuracy of always giving the training split's commonest query shape.
        baseline_n: Questions that the baseline was scored on; absent in records of 0.1.0.
        baseline_shape: That shape.
    """

    STAGE = "compare"

    split: str = "test"
    seed: int = 0
    rows: tuple[ComparisonRow, ...] = ()
    pairs: tuple[Pair, ...] = ()
    questions: tuple[ComparedQuestion, ...] = ()
    best_score: float | None = None
    baseline_n: int | None = field(default=None, metadata=ABSENT)
    baseline: float | None = field(default=None, metadata=ABSENT)
    baseline_shape: str | None = field(default=None, metadata=ABSENT)


@dataclass(frozen=True, kw_only=True)
class ReportResult(StageResult):
    """Stage `report`.

    Attributes:
        paths: The files that were written.
    """

    STAGE = "report"

    paths: tuple[str, ...] = ()


RESULTS: dict[str, type[StageResult]] = {
    cls.STAGE: cls
    for cls in (
        DataResult,
        TrainResult,
        TestResult,
        FuseResult,
        ConvertResult,
        QuantizeResult,
        VerifyResult,
        CompareResult,
        ReportResult,
    )
}
"""Each stage's result, in the order of the stages."""

STAGES = tuple(RESULTS)
"""The stages of a run, in order."""
