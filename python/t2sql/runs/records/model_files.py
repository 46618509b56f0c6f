"""What a run records of its model files: how they were written, and what `verify` found."""

from __future__ import annotations

from dataclasses import dataclass, field

from t2sql.runs.records.codec import Record


@dataclass(frozen=True, kw_only=True)
class WrittenFile(Record):
    """A GGUF file that a stage wrote.

    Attributes:
        path: The file, or the first of a split one.
        bytes: Its size (of a split one, of all parts), in bytes.
        tensors: Tensors in it.
        types: Number of tensors of each ggml type.
        seconds: Time that it took, in seconds.
        warnings: What could not be done as asked.
        files: All files, in order.
    """

    path: str
    bytes: int
    tensors: int = 0
    types: dict[str, int] = field(default_factory=dict)
    seconds: float | None = None
    warnings: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name without its folder, whichever system wrote the path."""
        return self.path.replace("\\", "/").rsplit("/", 1)[-1]


@dataclass(frozen=True, kw_only=True)
class Check(Record):
    """One comparison of a file with the model that it was made from.

    Attributes:
        name: The group ("structure", "tokens", "numbers" or "behaviour"), a slash, and what is compared.
        ok: Whether it holds.
        value: What was found.
        bound: What was expected: an equal value, or a limit.
        detail: Where the difference is.
    """

    name: str
    ok: bool
    value: float | int | str | None = None
    bound: float | int | str | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class VerifiedFile(Record):
    """A file with all its checks.

    Attributes:
        ok: Whether all checks hold.
        cause: The first check that does not hold, as a sentence.
        source: The model directory that the file was made from.
        path: The file.
        type: Its ggml type.
        checks: The checks, from cause to effect.
        seconds: Time that it took, in seconds.
        file: The file's name.
    """

    ok: bool
    cause: str | None = None
    source: str = ""
    path: str = ""
    type: str = ""
    checks: tuple[Check, ...] = ()
    seconds: float | None = None
    file: str
