"""Everything a report says, as one JSON document: report.json, and what the templates read."""

from __future__ import annotations

from typing import Any

from t2sql.plain import plain
from t2sql.report.failures import failures
from t2sql.report.verdict import verdict
from t2sql.runs import Event, Run, summarize

VERSION = 1


def collect(run: Run) -> dict[str, Any]:
    """The report's document; of an unfinished run, as much as there is."""
    events = run.events()
    results = {name: record.result for name, record in run.stages.items()}
    comparison = results.get("compare", {})
    document = {
        "v": VERSION,
        "run": {"name": run.name, "state": _state(run), **run.document.get("t2sql", {})},
        "settings": run.config,
        "versions": run.document.get("versions", {}),
        "machine": run.document.get("machine", {}),
        "data": results.get("data", {}),
        "training": _training(results.get("train", {}), events),
        "checkpoints": results.get("test", {}).get("rows", []),
        "checkpoint_pairs": results.get("test", {}).get("pairs", []),
        "chosen": run.chosen,
        "calibration": results.get("test", {}).get("calibration"),
        "fuse": results.get("fuse", {}),
        "files": _files(results),
        "comparison": {"rows": [], "pairs": [], "baseline": None, "note": None}
        | {key: value for key, value in comparison.items() if key != "questions"},
        "questions": comparison.get("questions", []),
        "failures": failures(run.dir_of("predictions")),
        "stages": _stages(run),
        "warnings": _warnings(events),
    }
    document["verdict"] = verdict(document)
    cleaned: dict[str, Any] = plain(document)
    return cleaned


def _state(run: Run) -> str:
    """The report is itself a stage: while it is being written, what else is done decides."""
    others = [name for name in run.planned if name != "report"]
    if all(name in run.stages and run.stages[name].state == "done" for name in others):
        return "done"
    return summarize(run.path).state


def _training(result: dict[str, Any], events: list[Event]) -> dict[str, Any]:
    """The curve: of a step measured more than once (a run gone on with), the last."""
    train: dict[int, Event] = {}
    valid: dict[int, Event] = {}
    for event in events:
        if event["stage"] != "train":
            continue
        if event["kind"] == "start" and not event.get("resume"):
            train, valid = {}, {}
        elif event["kind"] == "train":
            train[event["step"]] = event
        elif event["kind"] == "valid":
            valid[event["step"]] = event
    keys = ("step", "loss", "learning_rate", "steps_per_second", "tokens_per_second", "memory_bytes")
    rates = sorted(e["tokens_per_second"] for e in train.values() if e.get("tokens_per_second"))
    return {
        **result,
        "train": [{key: train[step].get(key) for key in keys} for step in sorted(train)],
        "valid": [{"step": step, "loss": valid[step]["loss"]} for step in sorted(valid)],
        "tokens_per_second": rates[len(rates) // 2] if rates else None,
        "memory_bytes": max((e.get("memory_bytes") or 0 for e in train.values()), default=0) or None,
    }


def _files(results: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Every model file, with what verify found."""
    verified = {file["file"]: file for file in results.get("verify", {}).get("files", [])}
    files = []
    for stage in ("convert", "quantize"):
        for file in results.get(stage, {}).get("files", []):
            name = str(file["path"]).replace("\\", "/").rsplit("/", 1)[-1]
            found = verified.get(name)
            checks = found["checks"] if found else []
            files.append(
                {
                    "name": name,
                    "bytes": file["bytes"],
                    "types": file["types"],
                    "seconds": file["seconds"],
                    "verified": found["ok"] if found else None,
                    "checks": len(checks),
                    "held": sum(check["ok"] for check in checks),
                    "cause": found["cause"] if found else None,
                }
            )
    return files


def _stages(run: Run) -> list[dict[str, Any]]:
    names = [*run.planned, *(name for name in run.stages if name not in run.planned)]
    stages = []
    for name in names:
        # It is being written: how long that takes is not known yet, and of no interest.
        if name == "report":
            continue
        record = run.stages.get(name)
        stages.append(
            {
                "name": name,
                "state": record.state if record else "waiting",
                "seconds": record.seconds if record else None,
            }
        )
    return stages


def _warnings(events: list[Event]) -> list[dict[str, Any]]:
    seen: dict[tuple[Any, Any], dict[str, Any]] = {}
    for event in events:
        if event["kind"] == "warning":
            key = (event["stage"], event.get("message"))
            seen.setdefault(key, {"stage": event["stage"], "message": event.get("message", "")})
    return list(seen.values())
