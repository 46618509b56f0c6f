"""Where the rows of a result go: a CSV, JSON or Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from t2sql.errors import T2sqlError
from t2sql_tui import formatting

if TYPE_CHECKING:
    from t2sql.sql import Result

FORMATS = {".csv": "csv", ".json": "json", ".parquet": "parquet"}


class ExportScreen(ModalScreen[None]):
    """The file's ending says its format. A file that exists is not replaced."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Close")]

    def __init__(self, result: Result) -> None:
        super().__init__()
        self._result = result

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(f"{len(self._result.rows):,} rows, to a file (.csv, .json, .parquet):", markup=False)
            yield Input("rows.csv", id="file", compact=True)
            yield Static(id="export-problem", markup=False)

    def on_mount(self) -> None:
        self.query_one("#dialog").border_title = "Export"

    @on(Input.Submitted)
    def _given(self, event: Input.Submitted) -> None:
        path = Path(event.value.strip()).expanduser()
        if path.suffix.lower() not in FORMATS:
            self._say(f"Expected a file that ends with {', '.join(FORMATS)}.")
            return
        self._write(path)

    @work(thread=True, group="export", exclusive=True)
    def _write(self, path: Path) -> None:
        from t2sql.live import write_file

        try:
            write_file(self._result, path, FORMATS[path.suffix.lower()])
        except T2sqlError as error:
            message = formatting.plain(error).replace("Give --force to replace it", "Give another name")
            self.app.call_from_thread(self._say, message)
        except OSError as error:
            self.app.call_from_thread(self._say, formatting.plain(f"{path}: {error.strerror}"))
        else:
            self.app.call_from_thread(self._done, path)

    def _say(self, problem: str) -> None:
        if self.is_attached:
            self.query_one("#export-problem", Static).update(Content.assemble(("! ", "$error"), problem))

    def _done(self, path: Path) -> None:
        self.app.notify(f"Wrote {path}", markup=False)
        if self.is_attached:
            self.dismiss()
