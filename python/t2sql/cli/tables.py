"""Tables that several commands print."""

from __future__ import annotations

from t2sql import gguf, verification
from t2sql.cli.output import Output, size_text, table, time_text


def print_conversion(out: Output, result: gguf.ConvertResult) -> None:
    """Print what convert or quantize made: file, size, number of tensors by type, seconds, warnings."""
    types = ", ".join(f"{count} {name}" for name, count in result.types.items())
    more = f" and {len(result.files) - 1} more" if len(result.files) > 1 else ""
    text = f"{result.path}{more}  {size_text(result.bytes)}  {types}  {time_text(result.seconds)}"
    out.result(result.to_dict(), text)
    for warning in result.warnings:
        out.warn(warning)


def checks_text(result: verification.VerifyResult) -> str:
    """A line for each check, in groups from cause to effect, details of failures, and the verdict."""
    cells = [
        (
            "ok" if check.ok else "FAILED",
            check.name.partition("/")[2],
            _found(check),
            _bound(check),
            check.detail if check.ok and check.value else "",
        )
        for check in result.checks
    ]
    lines = table(("", "", "found", "bound", ""), cells, left=2, trailing=1).splitlines()[1:]
    shown: list[str] = []
    group = ""
    for check, line in zip(result.checks, lines, strict=True):
        if check.group != group:
            group = check.group
            shown.append(f"{_GROUPS[group]}")
        shown.append(f"  {line}")
        if not check.ok and check.detail:
            shown.append(f"          {check.detail}")
    verdict = "the same model" if result.ok else "not the same model"
    if result.drift is not None:
        verdict = "the same weights and tokens, but its behaviour drifts more than such files do"
    passed = f"{sum(check.ok for check in result.checks)} of {len(result.checks)} checks hold"
    shown += ["", f"{result.path}: {verdict} ({result.type}, {passed}, {time_text(result.seconds)})"]
    return "\n".join(shown)


_GROUPS = {
    "structure": "structure",
    "tokens": "tokens",
    "numbers": "numbers (error relative to the source's weights)",
    "behaviour": "behaviour (next-token distributions, in nats)",
}


def _bound(check: verification.Check) -> str:
    if _counts(check):
        return "= none"
    if isinstance(check.bound, str) or check.group in ("structure", "tokens"):
        return f"= {_value(check.bound)}"
    if "perplexity" in check.name:
        return f"within {check.bound:g}x"
    return f"{'>=' if 'agreement' in check.name else '<='} {_value(check.bound)}"


def _counts(check: verification.Check) -> bool:
    """Whether the check counts things that are wrong, so that none are allowed."""
    return type(check.bound) is int and check.bound == 0


def _found(check: verification.Check) -> str:
    if not _counts(check):
        return _value(check.value)
    return f"{check.value} wrong" if check.value else "none wrong"


def _value(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
