"""Making a dataset's directory from any source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from t2sql.data.dataset import Dataset, load
from t2sql.data.info import DatasetInfo
from t2sql.data.prompting import in_format
from t2sql.data.reading import DataSource, Task
from t2sql.data.source_formats import source_prompt_format
from t2sql.data.sources import check_options, limited, read_source
from t2sql.data.writing import dataset_directory, write_dataset
from t2sql.errors import InputError
from t2sql.progress import Progress


def prepare(
    source: str | DataSource,
    out: Path,
    *,
    seed: int = 0,
    limit: int | None = None,
    force: bool = False,
    progress: Progress | None = None,
    warn: Callable[[str], None] | None = None,
) -> Dataset:
    """Make a dataset's directory from a source.

    Args:
        source: The source's name, or the source with its options.
        out: The directory to write.
        seed: The seed of all random choices.
        limit: The most examples of each split.
        force: Whether to replace what is at `out`.
        progress: Called now and then.
        warn: Called with a sentence about what was left out.

    Returns:
        The dataset, read back from `out`.

    Raises:
        InputError: The source or an option is wrong, or `out` exists or cannot be written.
        WorkError: A download failed, or the disk is full.
    """
    out = Path(out)
    if limit is not None and limit < 1:
        raise InputError("the limit is too small", expected="at least 1", found=limit)
    if isinstance(source, str):
        source = DataSource(source)
    check_options(source)
    with dataset_directory(out, force=force) as folder:
        content = read_source(Task(source, folder, seed, limit, progress, warn or _ignore))
        splits = limited(content.splits, limit, seed)
        if source.extend is not None:
            splits = source.extend(splits, folder)
        given = source_prompt_format(source.name)
        prompt_format = source.prompt or given
        if prompt_format != given:
            splits = {name: in_format(part, prompt_format, folder) for name, part in splits.items()}
        counts = {name: len(examples) for name, examples in splits.items()}
        info = DatasetInfo(content.source, content.version, seed, counts, prompt_format)
        write_dataset(folder, splits, info)
    return load(out)


def _ignore(text: str) -> None:
    pass
