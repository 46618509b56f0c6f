"""The screen of one run: its losses as they come, its stages, its log and its warnings."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Static
from textual.worker import get_current_worker

from t2sql.errors import T2sqlError
from t2sql_tui import formatting
from t2sql_tui.runs.alerts import Alert, alerts
from t2sql_tui.runs.history import METRICS, History
from t2sql_tui.screens.base import BaseScreen
from t2sql_tui.widgets.chart import Chart, Line
from t2sql_tui.widgets.event_log import EventLog
from t2sql_tui.widgets.stage_list import StageList
from t2sql_tui.widgets.top_bar import TopBar

POLL_SECONDS = 0.5


class RunScreen(BaseScreen):
    """A worker reads the run into a `History` and posts `Advanced`, never more than one at a time.

    Attributes:
        path: The run directory.
        history: What was read of it.
        metric: Which of `METRICS` the chart shows.
    """

    class Advanced(Message):
        """The history has more than was shown."""

    @dataclass
    class Unreadable(Message):
        """The run cannot be opened.

        Attributes:
            problem: Why.
        """

        problem: str

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "app.pop_screen", "Back", key_display="esc"),
        Binding("m", "next_metric", "Metric"),
    ]

    def __init__(self, path: Path) -> None:
        """Read nothing yet.

        Args:
            path: The run directory; a run may be made there later.
        """
        super().__init__()
        self.path = path
        self.history = History(path)
        self.metric = "loss"
        self._alerts: list[Alert] = []
        self._wake = threading.Event()
        self._shown = threading.Event()

    def body(self) -> ComposeResult:
        """The figures and alerts above the chart, the stages and the log."""
        yield Static(id="figures", markup=False)
        yield Static(id="problem", markup=False)
        yield Static(id="alerts", markup=False)
        with Horizontal(id="upper"):
            yield Chart()
            yield StageList()
        yield EventLog()

    def on_mount(self) -> None:
        """Give the chart the focus, and start to read; alerts are also looked for each second."""
        self.query_one(TopBar).show(formatting.plain(self.path.name, 60), [])
        # At once: a run that cannot be read hides the chart, which must then give the focus up.
        self.set_focus(self.query_one(Chart).plot)
        self._shown.set()
        self._watch()
        self.set_interval(1.0, self._show_alerts)

    def on_unmount(self) -> None:
        """Wake the worker, which then ends."""
        self._wake.set()

    @work(thread=True, group="read", exclusive=True)
    def _watch(self) -> None:
        worker = get_current_worker()
        while not worker.is_cancelled and self.is_attached:
            try:
                changed = self.history.read()
            except (T2sqlError, OSError) as error:
                self.post_message(self.Unreadable(formatting.plain(error)))
                self._wake.wait(1.0)
            else:
                # Only once the last message is shown: a burst of events becomes one message.
                if changed and self._shown.wait(5.0):
                    self._shown.clear()
                    self.post_message(self.Advanced())
                self._wake.wait(POLL_SECONDS)
            self._wake.clear()

    @on(Unreadable)
    def _show_problem(self, event: Unreadable) -> None:
        self.add_class("-problem")
        self.set_class(not self.history.events, "-unread")
        if not self.history.events:
            # The chart is hidden; without the focus its keys do nothing.
            self.set_focus(None)
        self.query_one("#problem", Static).update(Content.assemble(("! ", "$error"), event.problem))

    @on(Advanced)
    def _show(self) -> None:
        history = self.history
        self.remove_class("-problem", "-unread")
        if self.focused is None:
            self.set_focus(self.query_one(Chart).plot)
        with history.lock:
            entries = list(history.log)
            stages = list(history.stages.values())
        summary = history.summary
        running = summary is not None and summary.state == "running"
        self._show_top()
        self._show_chart()
        self._show_alerts()
        self.query_one(StageList).show(stages, running)
        self.query_one(EventLog).show(entries)
        self._shown.set()

    def _show_top(self) -> None:
        run = self.history.summary
        if run is None:
            return
        glyph, colour = formatting.STATES[run.state]
        parts = [(f"{glyph} {run.state}", f"${colour}")]
        if self.history.warnings:
            plural = "s" * (self.history.warnings != 1)
            parts.append((f"▲ {self.history.warnings} warning{plural}", "$warning"))
        self.query_one(TopBar).show(formatting.plain(run.name, 60), parts)
        pairs = [
            ("step", formatting.steps(run.step, run.steps)),
            ("train", formatting.loss(run.train_loss)),
            ("valid", formatting.loss(run.valid_loss)),
            ("tok/s", formatting.rate(run.tokens_per_second)),
        ]
        if run.best_score is not None:
            pairs.append(("best", formatting.score(run.best_score, run.best_n)))
        if (eta := self.history.eta()) is not None and run.state == "running":
            pairs.append(("left", formatting.duration(eta)))
        pairs.append(("model", formatting.plain(run.model or formatting.NONE, 48)))
        pieces: list[str | tuple[str, str]] = []
        for name, value in pairs:
            pieces += [(f"{name} ", "$muted"), (value, "bold"), "   "]
        self.query_one("#figures", Static).update(Content.assemble(*pieces), layout=False)

    def _show_alerts(self) -> None:
        """Called each second as well, since a stall is shown by no event."""
        current = alerts(self.history)
        if current == self._alerts:
            return
        self._alerts = current
        lines = [Content.assemble((f"{one.mark} ", f"${one.colour}"), one.text) for one in current]
        self.set_class(bool(lines), "-alerts")
        self.query_one("#alerts", Static).update(Content("\n").join(lines))

    def _show_chart(self) -> None:
        history = self.history
        if self.metric == "loss":
            lines = [
                Line("train", history.train["loss"], "series-1"),
                Line("valid", history.valid, "series-2", smoothed=False, mark=history.chosen),
            ]
        else:
            lines = [Line(METRICS[self.metric], history.train[self.metric], "series-1")]
        self.query_one(Chart).show(lines, self.metric)

    def action_next_metric(self) -> None:
        """`m`: show the next metric."""
        names = list(METRICS)
        self.metric = names[(names.index(self.metric) + 1) % len(names)]
        chart = self.query_one(Chart)
        chart.border_title = METRICS[self.metric].capitalize()
        chart.plot.action_reset_scales()
        self._show_chart()

    def restyle(self) -> None:
        """Draw the chart and write the log again in the theme's colours."""
        self.query_one(Chart).draw()
        self.query_one(EventLog).restyle()
