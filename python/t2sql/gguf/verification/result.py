"""What verify found: one line a check, and the first cause when one does not hold."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Check:
    # "structure", "numbers", "tokens" or "logits", a slash, and what is measured.
    name: str
    ok: bool
    value: float | int | str
    bound: float | int | str
    detail: str = ""


@dataclass(frozen=True)
class VerifyResult:
    source: Path
    path: Path
    type: str
    checks: list[Check]
    seconds: float

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    @property
    def cause(self) -> str | None:
        """The first check that does not hold; the checks run from cause to effect."""
        for check in self.checks:
            if not check.ok:
                text = f"{check.name}: expected {check.bound}, found {check.value}"
                return f"{text} ({check.detail})" if check.detail else text
        return None

    def to_dict(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "cause": self.cause,
            "source": str(self.source),
            "path": str(self.path),
            "type": self.type,
            "checks": [asdict(check) for check in self.checks],
            "seconds": self.seconds,
        }
