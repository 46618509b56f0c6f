"""The outcome of `verify`: a line for each check, and the first cause when one does not hold."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

from t2sql.plain import JsonObject
from t2sql.verification.bounds import bounds_of


@dataclass(frozen=True)
class Check:
    """One comparison of the file with its source.

    Attributes:
        name: Its group ("structure", "tokens", "numbers" or "behaviour"), a slash, and what was measured.
        ok: Whether it holds.
        value: What was measured.
        bound: The value or the limit that was expected.
        detail: Where and how it differs.
    """

    name: str
    ok: bool
    value: float | int | str
    bound: float | int | str
    detail: str = ""

    @property
    def group(self) -> str:
        """The part of the name before the slash."""
        return self.name.partition("/")[0]

    @property
    def text(self) -> str:
        """The check as a sentence for an error message."""
        text = f"{self.name}: expected {self.bound}, found {self.value}"
        return f"{text} ({self.detail})" if self.detail else text


@dataclass(frozen=True)
class TensorError:
    """One tensor of the file beside the source's; errors are Euclidean, relative to the source's norm.

    Attributes:
        name: Its GGUF name.
        type: Its ggml type.
        error: The error of the whole tensor.
        row: The index of the row that is worst beside its bound.
        row_error: The error of that row.
    """

    name: str
    type: str
    error: float
    row: int
    row_error: float


@dataclass(frozen=True)
class VerifyResult:
    """One file compared with its source.

    Attributes:
        source: The Hugging Face directory.
        path: The GGUF file.
        type: The type of most of its matrices.
        checks: From cause to effect: structure, tokens and numbers, then behaviour.
        seconds: The time that it took.
        tensors: Every tensor's error; empty when the structure is wrong.
    """

    source: Path
    path: Path
    type: str
    checks: list[Check]
    seconds: float
    tensors: list[TensorError] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every check holds."""
        return all(check.ok for check in self.checks)

    @property
    def cause(self) -> str | None:
        """The first check that does not hold, as a sentence; None when all hold."""
        return next((check.text for check in self.checks if not check.ok), None)

    @property
    def drift(self) -> str | None:
        """The cause when only behaviour differs and the type is known to make it drift; otherwise None."""
        failed = [check for check in self.checks if not check.ok]
        if failed and bounds_of(self.type).drifts and all(check.group == "behaviour" for check in failed):
            return self.cause
        return None

    def to_dict(self) -> JsonObject:
        """The JSON document of `t2sql verify --json`."""
        return {
            "ok": self.ok,
            "cause": self.cause,
            "source": str(self.source),
            "path": str(self.path),
            "type": self.type,
            "checks": [asdict(check) for check in self.checks],
            "tensors": [asdict(tensor) for tensor in self.tensors],
            "seconds": self.seconds,
        }
