"""The rows of a result as a file: CSV, JSON or Parquet."""

from __future__ import annotations

from pathlib import Path

from t2sql.errors import InputError
from t2sql.files import check_free, output_file
from t2sql.live.rows import RowFormat, format_rows
from t2sql.sql import Result


def write_file(result: Result, path: Path, row_format: RowFormat, *, force: bool = False) -> None:
    """Write rows to a file, which is there only when it is whole.

    Args:
        result: The rows.
        path: The file; its folder must exist.
        row_format: "csv", "json" or "parquet". Parquet keeps the types; of columns with one name, the later
            ones get a number, and a column of mixed types becomes text.
        force: Whether a file that exists is replaced.

    Raises:
        InputError: The file exists without `force`, or its folder does not.
        MissingPartError: Parquet is asked for and pyarrow is not installed.
        OSError: The file cannot be written.
    """
    check_file(path, force=force)
    if row_format == "parquet":
        _write_parquet(result, path)
        return
    with output_file(path) as building:
        building.write_text(format_rows(result, row_format) + "\n", encoding="utf-8", newline="\n")


def check_file(path: Path, *, force: bool = False) -> None:
    """Check that rows can go to a file, before a model is asked for them.

    Raises:
        InputError: The file exists without `force`, or its folder does not.
    """
    if not path.parent.is_dir():
        raise InputError("no such directory", where=path.parent)
    if path.is_dir():
        raise InputError("a folder, where a file is expected", where=path)
    check_free(path, force=force)


def _write_parquet(result: Result, path: Path) -> None:
    table = result.to_arrow()
    import pyarrow.parquet  # An extra.

    with output_file(path) as building:
        pyarrow.parquet.write_table(table, building)
