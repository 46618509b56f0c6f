"""What shows that t2sql wrote a run directory, and which files in it are its own."""

from __future__ import annotations

import tomllib
from pathlib import Path

from t2sql import ownership
from t2sql.errors import InputError, T2sqlError
from t2sql.files import write_json
from t2sql.plain import parse_json
from t2sql.runs.config import FORMAT, read_config
from t2sql.runs.layout import RunLayout
from t2sql.runs.records import JsonObject, RunConfig
from t2sql.runs.stages import read_stages

MARKER = ".t2sql-run"
_MARKER_LIMIT = 4096
"""Bytes; a marker is far smaller."""


def write_marker(path: Path, config: RunConfig) -> None:
    """Write the file by which `check_owned` knows a run.

    Raises:
        OSError: It could not be written.
    """
    marker = {
        "kind": "run",
        "format": FORMAT,
        "version": config.t2sql.version,
        "created": config.t2sql.created,
    }
    write_json(path / MARKER, marker)


def check_owned(path: Path) -> None:
    """Check that t2sql made a directory as a run.

    A run of this version has a marker with the moment that config.toml says it was made. One of 0.1.0 has no
    marker: there config.toml has the tables that t2sql writes, and stages.json beside it reads as t2sql's.

    Raises:
        InputError: It is a link, no directory, or what shows a run is missing; the error says what.
    """
    what = "not a run directory that t2sql made, so it is left alone"
    if path.is_symlink():
        raise InputError(what, where=path, found="a symbolic link", hint=f"Name {path.resolve()} itself")
    if not path.is_dir():
        found = "a file" if path.exists() else "nothing"
        raise InputError(what, where=path, expected="a run directory", found=found)
    marker = _read_marker(path)
    config = RunLayout(path).config
    if marker is not None and not config.exists():
        # A removal that was cut short moves config.toml first and the marker last.
        return
    missing = _missing(path, marker)
    if missing is not None:
        raise InputError(what, where=path, expected=missing)


def foreign_files(path: Path) -> list[Path]:
    """The files, links and empty folders in a run directory that t2sql did not write there."""
    layout = RunLayout(path)
    own = [MARKER, "config.toml", "events.jsonl", "stages.json", "lock", "README.md"]
    own += ["report.json", "report.md", "report.html", "checkpoints/best.json", "checkpoints/", "gguf/"]
    own += ["checkpoints/schedule.json"]
    own += ["fused/", "data/", "predictions/", "predictions/*.jsonl", "gguf/Modelfile"]
    stem = _literal(layout.stem)
    own += [
        f"gguf/{stem}.*.gguf",
        f"gguf/{stem}.*.gguf.json",
        "gguf/base.q8_0*.gguf",
        "gguf/untrained.q8_0*.gguf",
    ]
    own += [f"data/{name}" for name in ownership.DATASET.files]
    own += [f"fused/{name}" for name in ownership.MODEL.files]
    own += [f"checkpoints/[0-9]*/{name}" for name in ownership.CHECKPOINT.files]
    own += [_literal(name) for name in _recorded_files(layout)]
    return ownership.foreign(path, own)


def _missing(path: Path, marker: JsonObject | None) -> str | None:
    layout = RunLayout(path)
    if not layout.config.is_file() or layout.config.is_symlink():
        return "config.toml"
    if marker is not None:
        created = _created(layout.config)
        return None if created == marker.get("created") else "config.toml and .t2sql-run of the same run"
    try:
        config = read_config(path)
    except T2sqlError:
        return "config.toml with the tables t2sql, settings and versions, as t2sql run writes it"
    if not config.versions or config.machine is None:
        return "config.toml with the tables t2sql, settings and versions, as t2sql run writes it"
    try:
        read_stages(layout.stages)
    except T2sqlError:
        return "stages.json as t2sql run writes it"
    return None if layout.stages.is_file() else ".t2sql-run, or stages.json as t2sql run writes it"


def _created(config: Path) -> object:
    try:
        head = tomllib.loads(config.read_text(encoding="utf-8")).get("t2sql")
    except (OSError, ValueError):
        return None
    return head.get("created") if isinstance(head, dict) else None


def _read_marker(path: Path) -> JsonObject | None:
    file = path / MARKER
    try:
        if file.is_symlink():
            return None
        with open(file, encoding="utf-8") as opened:
            marker = parse_json(opened.read(_MARKER_LIMIT))
    except (OSError, ValueError):
        return None
    is_ours = (
        isinstance(marker, dict) and marker.get("kind") == "run" and isinstance(marker.get("created"), str)
    )
    return marker if is_ours else None


def _recorded_files(layout: RunLayout) -> list[str]:
    """The files that stages.json names as outputs: of a run under another name, they have that one's."""
    try:
        stages = read_stages(layout.stages).stages
    except T2sqlError:
        return []
    return [
        name
        for record in stages.values()
        for name in record.outputs
        if name.startswith("gguf/") and name.endswith(".gguf")
    ]


def _literal(name: str) -> str:
    """A name as a pattern that stands for itself only."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)
