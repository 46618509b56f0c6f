"""report.json: everything that a run's report says. What is not known yet is null, empty or left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from t2sql.plain import Json
from t2sql.runs.records.checkpoints import ChosenCheckpoint, TestedCheckpoint, Threshold
from t2sql.runs.records.codec import ABSENT, Record
from t2sql.runs.records.comparison import ComparedQuestion, Pair
from t2sql.runs.records.config import Machine
from t2sql.runs.records.stages import CompareResult, DataResult, FuseResult, TrainResult


@dataclass(frozen=True, kw_only=True)
class ReportedRun(Record):
    """The run.

    Attributes:
        name: Its directory's name.
        state: "done", or what `t2sql runs list` calls it.
        run_format: Version of the run directory's format.
        version: Version of t2sql that it was configured with.
        prompt_format: The form of the prompts that its model was trained on.
        created: When the run was made, as ISO 8601 in UTC.
    """

    name: str
    state: str
    run_format: int | None = None
    version: str | None = None
    prompt_format: str | None = None
    created: str | None = None


@dataclass(frozen=True, kw_only=True)
class TrainPoint(Record):
    """A point of the training curve: the figures of one `train` event.

    Attributes:
        step: Optimizer steps done.
        loss: Mean loss since the point before, in nats per token.
        learning_rate: The learning rate.
        steps_per_second: Steps per second.
        tokens_per_second: Tokens per second, prompts included.
        memory_bytes: The most memory that MLX has used so far, in bytes.
    """

    step: int
    loss: float | None = None
    learning_rate: float | None = None
    steps_per_second: float | None = None
    tokens_per_second: float | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class ValidPoint(Record):
    """A point of the validation curve.

    Attributes:
        step: Optimizer steps done; 0 is the base model.
        loss: Loss on the validation split, in nats per token.
    """

    step: int
    loss: float | None = None


@dataclass(frozen=True, kw_only=True)
class ReportedTraining(TrainResult):
    """Stage `train`'s result, with its curves.

    Attributes:
        train: The training curve; of a step that was reported twice, the last report.
        valid: The validation curve.
        tokens_per_second: Median of the reports.
        memory_bytes: The most memory that MLX has used, in bytes.
    """

    train: tuple[TrainPoint, ...] = ()
    valid: tuple[ValidPoint, ...] = ()
    tokens_per_second: float | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class ReportedFile(Record):
    """A model file.

    Attributes:
        name: Its name.
        bytes: Its size, in bytes.
        types: Number of tensors of each ggml type.
        seconds: Time to write it, in seconds.
        verified: Whether `verify` found it to be the same model; null before.
        checks: Checks that `verify` made.
        held: Checks that hold.
        cause: The first one that does not.
    """

    name: str
    bytes: int
    types: dict[str, int] = field(default_factory=dict)
    seconds: float | None = None
    verified: bool | None = None
    checks: int = 0
    held: int = 0
    cause: str | None = None


@dataclass(frozen=True, kw_only=True)
class WrongAnswer(Record):
    """A wrong answer to look at.

    Attributes:
        question: The question in words.
        gold: The dataset's statement.
        sql: The model's.
        outcome: What is wrong first.
    """

    question: str
    gold: str
    sql: str
    outcome: str = field(default="other", metadata={"key": "class"})


@dataclass(frozen=True, kw_only=True)
class FileFailures(Record):
    """How the answers in one predictions file were wrong.

    Attributes:
        file: The file's name without its suffix.
        n: Questions.
        wrong: Wrong answers.
        classes: Number of wrong answers by outcome, the most frequent first.
        examples: The first few wrong answers.
    """

    file: str
    n: int
    wrong: int
    classes: dict[str, int] = field(default_factory=dict)
    examples: tuple[WrongAnswer, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Failures(Record):
    """How answers were wrong.

    Attributes:
        classes: The outcomes of all files, the most frequent first.
        files: Every predictions file.
    """

    classes: tuple[str, ...] = ()
    files: tuple[FileFailures, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReportedStage(Record):
    """A stage in the list of stages.

    Attributes:
        name: Its name.
        state: As in stages.json, or "waiting".
        seconds: Time that it took, in seconds.
    """

    name: str
    state: str
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class ReportedWarning(Record):
    """A warning, however often it came.

    Attributes:
        stage: The stage that it came from; null for the run as a whole.
        message: The warning.
    """

    stage: str | None = None
    message: str


@dataclass(frozen=True, kw_only=True)
class Verdict(Record):
    """The report in one sentence.

    Attributes:
        tone: "good", "bad", or "open" where nothing is measured yet.
        headline: The sentence.
        detail: What it rests on.
        row: The row of the comparison that it is about.
        share: That row's fraction of right answers; absent without a row.
    """

    tone: Literal["good", "bad", "open"]
    headline: str
    detail: str
    row: str | None = None
    share: float | None = field(default=None, metadata=ABSENT)


@dataclass(frozen=True, kw_only=True)
class Improvement(Record):
    """The tuned model against the one that it started from, on the same test questions.

    Attributes:
        outcome: "better" or "worse" where the interval is on one side of 0, else "unclear".
        model: The tuned model.
        backend: What answered.
        n: Questions, which were in neither training nor validation.
        before: Questions that the model it started from answered correctly.
        after: Questions that the tuned model answered correctly.
        difference: (after - before) / n.
        interval: 95% interval of the difference, by Newcombe's method 10 for paired answers.
        broken: Questions that only the model it started from answered correctly.
        fixed: Questions that only the tuned model answered correctly.
        p: Two-sided p value of McNemar's exact test.
    """

    outcome: Literal["better", "worse", "unclear"]
    model: str
    backend: str
    n: int
    before: int
    after: int
    difference: float
    interval: tuple[float, float]
    broken: int
    fixed: int
    p: float


@dataclass(frozen=True, kw_only=True)
class Report(Record):
    """The whole document.

    Attributes:
        v: Version of the format.
        run: The run.
        settings: Its settings, by name.
        versions: Versions of Python and of the packages that matter, by name.
        machine: Where it was configured; empty where that is not recorded.
        data: Stage `data`'s result; empty before.
        training: Stage `train`'s result with its curves.
        checkpoints: Stage `test`'s rows.
        checkpoint_pairs: The chosen checkpoint's answers against the others'.
        chosen: The chosen checkpoint.
        calibration: From which log-probability on answers are trusted.
        fuse: Stage `fuse`'s result; empty before.
        files: The model files.
        comparison: Stage `compare`'s result without the fixed questions.
        questions: The fixed questions with every row's answer.
        failures: How answers were wrong.
        stages: The stages, without `report`.
        warnings: The warnings.
        verdict: The one sentence.
        improvement: The tuned model against the one that it started from; null before both were asked.
    """

    v: int = 1
    run: ReportedRun
    settings: dict[str, Json] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    machine: Machine | None = None
    data: DataResult | None = None
    training: ReportedTraining
    checkpoints: tuple[TestedCheckpoint, ...] = ()
    checkpoint_pairs: tuple[Pair, ...] = ()
    chosen: ChosenCheckpoint | None = None
    calibration: Threshold | None = None
    fuse: FuseResult | None = None
    files: tuple[ReportedFile, ...] = ()
    comparison: CompareResult
    questions: tuple[ComparedQuestion, ...] = ()
    failures: Failures
    stages: tuple[ReportedStage, ...] = ()
    warnings: tuple[ReportedWarning, ...] = ()
    verdict: Verdict
    improvement: Improvement | None = None

    def to_json(self) -> dict[str, Json]:
        """The document as it is written."""
        document = super().to_json()
        for name in ("machine", "data", "fuse"):
            document[name] = document[name] or {}
        comparison = self.comparison.to_json()
        del comparison["questions"]
        document["comparison"] = {"baseline": None} | comparison
        return document
