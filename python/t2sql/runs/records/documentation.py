"""docs/records.md, made of the records' types and of the `Attributes:` in their docstrings."""

from __future__ import annotations

import dataclasses
import inspect
import re

from t2sql.runs import records
from t2sql.runs.lock import Owner
from t2sql.runs.records.codec import Record, json_key

_INTRODUCTION = """\
# The files of a run

Made by `python -m t2sql.runs.records` from the types in `python/t2sql/runs/records`; a test compares it with
them. Types are Python's: `tuple` is a JSON list, a record a JSON object. A figure that is not finite is null.
Readers ignore fields and kinds of events that they do not know.
"""

_FILES: tuple[tuple[str, str, tuple[type[Record], ...]], ...] = (
    (
        "config.toml",
        "Every setting, and what the run was configured with.",
        (records.RunConfig, records.RunHead, records.Machine, records.RecordedModel),
    ),
    ("lock", "JSON; there while a process writes the run.", (Owner,)),
    (
        "events.jsonl",
        "One JSON object a line. Every event has the fields of `Event`; `kind` says which others it has.",
        (records.Event, *records.EVENTS),
    ),
    (
        "stages.json",
        "What each stage was made from, its outputs and its result.",
        (
            records.StagesFile,
            records.StageRecord,
            records.StageOutput,
            *records.RESULTS.values(),
            records.TrainedCheckpoint,
            records.TestedCheckpoint,
            records.ValidationScore,
            records.Threshold,
            records.WrittenFile,
            records.VerifiedFile,
            records.Check,
            records.ComparisonRow,
            records.Trust,
            records.Pair,
            records.ComparedQuestion,
            records.ComparedAnswer,
        ),
    ),
    (
        "checkpoints/NNNNNNN/state.json",
        "What training needs to go on exactly, beside the tensors.",
        (records.TrainingState, records.LossWindow, records.PatienceState),
    ),
    (
        "checkpoints/schedule.json",
        "The number of steps that fits into `minutes`; only where that is set.",
        (records.TimedSchedule,),
    ),
    ("checkpoints/best.json", "The checkpoint that the run stands for.", (records.ChosenCheckpoint,)),
    ("predictions/MODEL.BACKEND.SPLIT.jsonl", "One answer a line.", (records.Prediction,)),
    (
        "report.json",
        "Everything that the report says.",
        (
            records.Report,
            records.ReportedRun,
            records.ReportedTraining,
            records.TrainPoint,
            records.ValidPoint,
            records.ReportedFile,
            records.Failures,
            records.FileFailures,
            records.WrongAnswer,
            records.ReportedStage,
            records.ReportedWarning,
            records.Verdict,
        ),
    ),
)


def document() -> str:
    """The whole document."""
    parts = [_INTRODUCTION]
    for name, what, classes in _FILES:
        parts += [f"## {name}\n\n{what}\n", *(_section(cls) for cls in classes)]
    return "\n".join(parts)


def _section(cls: type[Record]) -> str:
    summary, meanings = described(cls)
    kind = f" (`{cls.KIND}`)" if issubclass(cls, records.Event) and cls.KIND else ""
    lines = [f"### {cls.__name__}{kind}\n", f"{summary}\n", "| field | type | meaning |", "|---|---|---|"]
    inherited = set() if cls is records.Event else {f.name for f in dataclasses.fields(records.Event)}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        if not (issubclass(cls, records.Event) and field.name in inherited):
            kind = _cell(str(field.type))
            lines.append(f"| `{json_key(field)}` | {kind} | {_cell(meanings.get(field.name, ''))} |")
    for name in (*(("kind",) if cls is records.Event else ()), *cls.COMPUTED):
        kind = _cell(inspect.get_annotations(getattr(cls, name).fget)["return"])
        lines.append(f"| `{name}` | {kind} | {_cell(meanings.get(name, ''))} |")
    return "\n".join(lines) + "\n"


def described(cls: type) -> tuple[str, dict[str, str]]:
    """A class's summary, and the meaning of each attribute, those of its bases included."""
    meanings: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base is not object:
            meanings |= _attributes(base.__dict__.get("__doc__") or "")
    return inspect.cleandoc(cls.__doc__ or "").split("\n\n")[0].replace("\n", " "), meanings


def _attributes(text: str) -> dict[str, str]:
    _, _, section = inspect.cleandoc(text).partition("Attributes:\n")
    items = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", section, re.MULTILINE)
    return {name: " ".join(meaning.split()) for name, meaning in items}


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
