"""What a person should know about a run now."""

from __future__ import annotations

from pathlib import Path

from t2sql import runs
from t2sql.runs import records
from t2sql_tui.runs.alerts import alerts
from t2sql_tui.runs.history import History


def test_a_stall_is_a_silence_much_longer_than_the_usual_pause(root: Path) -> None:
    run = runs.create_run(root / "live", {"model": "demo", "iters": 100})
    history = History(run.path)
    with run.lock(), run.stage("train", {}):
        history.read()
        with history.lock:
            history.extend(
                records.TrainEvent(stage="train", step=n, loss=1.0, time=1000.0 + 10 * n) for n in range(10)
            )
        assert alerts(history, now=1090.0 + 79) == []
        (found,) = alerts(history, now=1090.0 + 95)
        assert found.text.startswith("no word for 1:35, a report came every 10 s: it may be stuck")
        # Other events are signs of life, and a stage without reports has no rhythm.
        with history.lock:
            history.extend([records.ProgressEvent(stage="train", done=1, total=2, time=1180.0)])
        assert alerts(history, now=1090.0 + 95) == []
