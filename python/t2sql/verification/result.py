"""What verify found: one line a check, and the first cause when one does not hold."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from t2sql.verification.bounds import bounds_of


@dataclass(frozen=True)
class Check:
    # "structure", "tokens", "numbers" or "behaviour", a slash, and what is measured.
    name: str
    ok: bool
    value: float | int | str
    bound: float | int | str
    detail: str = ""

    @property
    def group(self) -> str:
        return self.name.partition("/")[0]

    @property
    def text(self) -> str:
        """The check as a sentence for an error message."""
        text = f"{self.name}: expected {self.bound}, found {self.value}"
        return f"{text} ({self.detail})" if self.detail else text


@dataclass(frozen=True)
class TensorError:
    """One tensor against the source: relative errors of the whole and of its worst row."""

    name: str
    type: str
    error: float
    row: int
    row_error: float


@dataclass(frozen=True)
class VerifyResult:
    source: Path
    path: Path
    type: str
    checks: list[Check]
    seconds: float
    tensors: list[TensorError] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    @property
    def cause(self) -> str | None:
        """The first check that does not hold; the checks run from cause to effect."""
        return next((check.text for check in self.checks if not check.ok), None)

    @property
    def drift(self) -> str | None:
        """The cause, where it is no more than a behaviour that so few bits may cost."""
        broken = [check for check in self.checks if not check.ok]
        if broken and bounds_of(self.type).drifts and all(check.group == "behaviour" for check in broken):
            return self.cause
        return None

    def to_dict(self) -> dict[str, Any]:
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
