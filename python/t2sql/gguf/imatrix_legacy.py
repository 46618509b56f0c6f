"""The binary form that importance matrices had before they were GGUF files.

Little-endian, without padding: the number of entries (i32), for each of them the length of its name (i32),
the name, the number of calls (i32), the number of values (i32) and the values (f32), each a mean square times
the number of calls. Later versions add the number of chunks (i32) and the length (i32) and name of the text.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from t2sql.errors import InputError
from t2sql.files import output_file, write_error
from t2sql.gguf.tensors import FloatArray

_LONGEST_NAME = 4096


@dataclass(frozen=True)
class OldEntry:
    """One tensor.

    Attributes:
        values: The mean square of each column times `calls`, float32; of a tensor of experts one after the
            other.
        calls: The number of calls.
    """

    values: FloatArray
    calls: int


@dataclass(frozen=True)
class OldMatrix:
    """A file.

    Attributes:
        entries: GGUF name of a matrix -> its entry.
        datasets: The name of the text that was read, if the file has it.
        chunk_count: How many chunks were read; 0 where the file does not say.
    """

    entries: Mapping[str, OldEntry]
    datasets: tuple[str, ...]
    chunk_count: int


class _Reader:
    """A cursor over the bytes of a file, every read checked against its end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        size = path.stat().st_size
        self.data = np.memmap(path, np.uint8, mode="r") if size else np.zeros(0, np.uint8)
        self.position = 0

    def take(self, count: int, what: str) -> bytes:
        """The next `count` bytes."""
        left = len(self.data) - self.position
        if count > left:
            raise self.error(f"{what} of {count} bytes", f"{left} bytes left")
        self.position += count
        return self.data[self.position - count : self.position].tobytes()

    def integer(self, what: str, *, least: int, most: int = 2**31 - 1) -> int:
        """The next 32-bit integer, within the range."""
        (number,) = struct.unpack("<i", self.take(4, what))
        if not least <= number <= most:
            raise self.error(f"{what} from {least} to {most}", str(number))
        return int(number)

    def text(self, what: str) -> str:
        """The next name, after its length."""
        length = self.integer(f"length of {what}", least=0, most=_LONGEST_NAME)
        return self.take(length, what).split(b"\0")[0].decode("utf-8", "replace")

    def error(self, expected: str, found: str) -> InputError:
        """The error for a file that breaks the form at the cursor."""
        return InputError(
            "not an importance matrix",
            where=f"{self.path} at byte {self.position}",
            expected=expected,
            found=found,
            hint="llama-imatrix makes one from the model and a text",
        )


def read(path: Path) -> OldMatrix:
    """Read a file of the old form.

    Raises:
        InputError: It breaks the form; the error names the byte.
    """
    reader = _Reader(path)
    entries: dict[str, OldEntry] = {}
    for _ in range(reader.integer("number of tensors", least=1)):
        name = reader.text("name")
        if not name or name in entries:
            raise reader.error("a name that is not empty, once", repr(name))
        calls = reader.integer("number of calls", least=0)
        values = reader.integer("number of values", least=1)
        data = reader.take(4 * values, f"values of {name}")
        entries[name] = OldEntry(np.frombuffer(data, "<f4"), calls)
    chunk_count = 0
    datasets: tuple[str, ...] = ()
    if reader.position < len(reader.data):
        chunk_count = reader.integer("number of chunks", least=0)
    if reader.position < len(reader.data):
        name = reader.text("name of the text")
        datasets = (name,) if name else ()
    return OldMatrix(entries, datasets, chunk_count)


def write(path: Path, matrix: OldMatrix) -> None:
    """Write a file of the old form; one that exists is replaced.

    Raises:
        InputError: It cannot be written there.
        WorkError: The disk is full.
    """
    dataset = (matrix.datasets or ("",))[0].encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with output_file(path) as building, building.open("wb") as file:
            file.write(struct.pack("<i", len(matrix.entries)))
            for name, entry in matrix.entries.items():
                text = name.encode()
                file.write(struct.pack("<i", len(text)) + text)
                file.write(struct.pack("<ii", entry.calls, len(entry.values)))
                file.write(entry.values.astype("<f4").tobytes())
            file.write(struct.pack("<ii", matrix.chunk_count, len(dataset)) + dataset)
    except OSError as error:
        raise write_error("importance matrix", path, error) from None
