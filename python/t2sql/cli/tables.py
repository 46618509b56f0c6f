"""Tables that several commands print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from t2sql.cli.output import Output, size_text, table, time_text

if TYPE_CHECKING:
    from t2sql.gguf import ConvertResult, VerifyResult


def conversion(out: Output, result: ConvertResult) -> None:
    """What convert and quantize print."""
    types = ", ".join(f"{count} {name}" for name, count in result.types.items())
    more = f" and {len(result.files) - 1} more" if len(result.files) > 1 else ""
    text = f"{result.path}{more}  {size_text(result.bytes)}  {types}  {time_text(result.seconds)}"
    out.result(result.to_dict(), text)
    for warning in result.warnings:
        out.warn(warning)


def checks(result: VerifyResult) -> str:
    """A line a check, and the verdict."""
    rows = [("ok" if c.ok else "FAILED", c.name, _value(c.value), _value(c.bound)) for c in result.checks]
    verdict = "the same model" if result.ok else "not the same model"
    lines = table(("", "check", "found", "bound"), rows, left=2)
    return f"{lines}\n\n{result.path}: {verdict} ({result.type}, {time_text(result.seconds)})"


def _value(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
