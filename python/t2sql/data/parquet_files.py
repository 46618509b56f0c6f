"""Parquet files, as hubs keep their data sets; read by pyarrow, an extra of this package."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from t2sql.errors import InputError, MissingPartError
from t2sql.plain import plain

_ROWS_AT_ONCE = 1000


def read_parquet(path: Path) -> Iterator[dict[str, object]]:
    """Yield the rows of a Parquet file. What is NULL or NaN in a column is missing in the row.

    Raises:
        InputError: The file cannot be read.
        MissingPartError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingPartError(
            "Parquet files are read by pyarrow", where=path, hint='pip install "t2sql[parquet]"'
        ) from None
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
                for row in batch.to_pylist():
                    yield {key: value for key, value in plain(row).items() if value is not None}
    except (pa.ArrowException, OSError) as error:
        raise InputError("the file cannot be read", where=path, found=error) from None
