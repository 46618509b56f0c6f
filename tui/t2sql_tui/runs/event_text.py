"""Events as lines of the log."""

from __future__ import annotations

from t2sql.runs import records
from t2sql_tui import formatting


def event_text(event: records.Event) -> str:
    """What an event says, in one line without its time and stage."""
    match event:
        case records.TrainEvent():
            speed = ""
            if event.tokens_per_second is not None:
                speed = f"  {formatting.rate(event.tokens_per_second)} tok/s"
            return f"{_step(event.step)}  loss {formatting.loss(event.loss)}{speed}"
        case records.ValidEvent():
            return f"{_step(event.step)}  validation loss {formatting.loss(event.loss)}"
        case records.CheckpointEvent():
            best = "  ★ best so far" if event.best else ""
            return formatting.plain(f"{_step(event.step)}  checkpoint {event.path}{best}")
        case records.ScoreEvent():
            score = event.valid
            right = f"{formatting.percent(score.accuracy)} of {score.n} validation questions right"
            return f"result  {_step(event.step)}  {right}"
        case records.StartEvent():
            return "resumed" if event.resume else "started"
        case records.EndEvent():
            return f"done in {formatting.duration(event.seconds)}"
        case records.WarningEvent() | records.ErrorEvent():
            return formatting.plain(event.message or event.kind)
        case _:
            return _fields(event)


def _step(step: int) -> str:
    return f"step {formatting.count(step)}"


def _fields(event: records.Event) -> str:
    """The kind, and the name and value of each field that is not null."""
    words = {True: "yes", False: "no"}
    fields = "  ".join(
        f"{name} {words[value] if isinstance(value, bool) else value}"
        for name, value in event.to_json().items()
        if name not in ("v", "time", "stage", "kind") and value is not None
    )
    return formatting.plain(f"{event.kind}  {fields}", 200)
