"""A dialog that writes the rows of a result to a CSV, JSON or Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from t2sql import live
from t2sql.errors import T2sqlError
from t2sql.sql import Result
from t2sql_tui import formatting

FORMATS: dict[str, live.RowFormat] = {".csv": "csv", ".json": "json", ".parquet": "parquet"}
"""The format of each ending of a file's name."""


class ExportScreen(ModalScreen[None]):
    """Asks for a file's name, whose ending says the format. A file that exists is not replaced."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Close")]

    def __init__(self, result: Result) -> None:
        """Take what will be written.

        Args:
            result: The rows.
        """
        super().__init__()
        self._result = result

    def compose(self) -> ComposeResult:
        """The number of rows, the name's input, and a line for what is wrong with it."""
        with Vertical(id="dialog"):
            yield Static(f"{len(self._result.rows):,} rows, to a file (.csv, .json, .parquet):", markup=False)
            yield Input("rows.csv", id="file", compact=True)
            yield Static(id="export-problem", markup=False)

    def on_mount(self) -> None:
        """Set the dialog's title."""
        self.query_one("#dialog").border_title = "Export"

    @on(Input.Submitted)
    def _check_name(self, event: Input.Submitted) -> None:
        path = Path(event.value.strip()).expanduser()
        if path.suffix.lower() not in FORMATS:
            self._show_problem(f"Expected a file that ends with {', '.join(FORMATS)}.")
        elif path.exists():
            self._show_problem(formatting.plain(f"{path} exists. Give another name."))
        else:
            self._write(path)

    @work(thread=True, group="export", exclusive=True)
    def _write(self, path: Path) -> None:
        try:
            live.write_file(self._result, path, FORMATS[path.suffix.lower()])
        except T2sqlError as error:
            self.app.call_from_thread(self._show_problem, formatting.plain(error))
        except OSError as error:
            self.app.call_from_thread(self._show_problem, formatting.plain(f"{path}: {error.strerror}"))
        else:
            self.app.call_from_thread(self._close, path)

    def _show_problem(self, problem: str) -> None:
        if self.is_attached:
            self.query_one("#export-problem", Static).update(Content.assemble(("! ", "$error"), problem))

    def _close(self, path: Path) -> None:
        self.app.notify(f"Wrote {path}", markup=False)
        if self.is_attached:
            self.dismiss()
