"""A form for a new run: its name, model, data and preset, and what `t2sql doctor` says of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Select, Static

from t2sql_tui import formatting
from t2sql_tui.runs import starting

_STATES = {"ok": ("✓", "$success"), "slow": ("▲", "$warning"), "missing": ("✗", "$error")}
_PROBLEMS = ("slow", "missing")
_ALWAYS_SHOWN = ("mlx", "blas", "memory", "disk")


@dataclass(frozen=True)
class Order:
    """A run to start.

    Attributes:
        path: Its directory, which does not exist yet.
        options: Further options of `t2sql run`.
    """

    path: Path
    options: tuple[str, ...]


class StartScreen(ModalScreen[Order | None]):
    """Ends with the run to start, or None. A name that exists is refused."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Cancel"),
        Binding("ctrl+s", "start", "Start"),
    ]

    def __init__(self, root: Path) -> None:
        """Prepare the form.

        Args:
            root: The directory that the run will be made in.
        """
        super().__init__()
        self._root = root
        self._doctor: starting.Doctor | None = None

    def compose(self) -> ComposeResult:
        """A line for each setting, the findings of doctor, and the buttons."""
        with Vertical(id="dialog", classes="form"):
            for name, value, hint in (
                ("name", "", "a new directory's name"),
                ("model", "demo", "demo, a hub id, a directory or a GGUF file"),
                ("data", "demo", "demo, wikisql, a directory of JSONL, sqlite:///FILE"),
            ):
                with Horizontal(classes="field"):
                    yield Label(name.capitalize())
                    yield Input(value, placeholder=hint, id=f"run-{name}", compact=True)
            with Horizontal(classes="field"):
                yield Label("Preset")
                presets = [(name, name) for name in starting.presets()]
                yield Select[str](
                    presets, value=presets[0][0], allow_blank=False, id="run-preset", compact=True
                )
            with Horizontal(classes="field"):
                yield Label("Steps")
                yield Input(placeholder="the preset's", type="integer", id="run-steps", compact=True)
            yield Static("doctor is looking …", id="doctor", markup=False)
            yield Static(id="form-problem", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Cancel (esc)", id="no")
                yield Button("Start (ctrl+s)", id="yes", variant="primary")

    def on_mount(self) -> None:
        """Give the name the focus, and start doctor."""
        self.query_one("#dialog").border_title = "Start a run"
        self.query_one("#run-name").focus()
        self._examine()

    def on_unmount(self) -> None:
        """End doctor, whose answer nobody reads any more."""
        if self._doctor is not None:
            self._doctor.stop()

    @work(thread=True, group="doctor", exclusive=True)
    def _examine(self) -> None:
        self._doctor = starting.Doctor()
        findings = self._doctor.findings()
        if self.is_attached:
            self.app.call_from_thread(self._show_findings, findings)

    def _show_findings(self, findings: list[starting.Finding]) -> None:
        lines = [
            Content.assemble(
                _STATES.get(finding.state, ("·", "$muted")),
                f" {finding.name}: {formatting.plain(finding.found, 90)}",
                _hint(finding),
            )
            for finding in findings
            if finding.state in _PROBLEMS or finding.name in _ALWAYS_SHOWN
        ]
        if not findings:
            lines = [Content.assemble(("doctor gave no answer", "$warning"))]
        # The form may be closed by now; then there is no panel.
        for panel in self.query("#doctor").results(Static):
            panel.update(Content("\n").join(lines))

    @on(Button.Pressed)
    def _press_button(self, event: Button.Pressed) -> None:
        if event.button.id == "yes":
            self.action_start()
        else:
            self.dismiss()

    @on(Input.Submitted)
    def action_start(self) -> None:
        """Ctrl+S or Enter: close with the run to start, or say what is wrong with the form."""
        name, model, data, steps = (
            self.query_one(f"#run-{field}", Input).value.strip()
            for field in ("name", "model", "data", "steps")
        )
        path = self._root / name
        problem = ""
        if not name or name.startswith(".") or Path(name).name != name:
            problem = "Give the run a name that can be a directory's."
        elif path.exists():
            problem = f"{formatting.plain(path, 80)} exists: give another name, or resume that run."
        elif not model or not data:
            problem = "Give a model and data; demo is one of both."
        elif steps and (not steps.isdecimal() or int(steps) < 1):
            problem = f"Steps are a number, 1 or more, not {formatting.plain(steps, 20)}."
        if problem:
            self.query_one("#form-problem", Static).update(Content.assemble(("! ", "$error"), problem))
            return
        preset = str(self.query_one("#run-preset", Select).value)
        options = ["--model", model, "--data", data, "--preset", preset]
        self.dismiss(Order(path, (*options, *(("--iters", steps) if steps else ()))))


def _hint(finding: starting.Finding) -> str:
    if finding.state not in _PROBLEMS or not finding.hint:
        return ""
    return f". {formatting.plain(finding.hint, 200)}"
