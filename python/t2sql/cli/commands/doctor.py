"""`t2sql doctor`: what is installed, what is fast, what is missing, and what to do about it."""

from __future__ import annotations

from t2sql.cli.doctor import Finding, examine
from t2sql.cli.options import shared
from t2sql.cli.output import Output

EXAMPLE = "t2sql doctor"
_MARKS = {"ok": "ok", "slow": "slow", "missing": "MISSING", "optional": "-"}


@shared()
def command(out: Output) -> int | None:
    """Check the installation: what is there, how fast it is, and what to do about the rest.

    Exit 1 if something essential is missing.
    """
    findings: list[Finding] = []
    with out.progress("doctor") as progress:
        for finding in examine():
            findings.append(finding)
            progress(len(findings), 0, finding.name)
    ok = all(finding.state != "missing" for finding in findings)
    out.result({"ok": ok, "findings": findings}, lambda: _text(findings, ok))
    return None if ok else 1


def _text(findings: list[Finding], ok: bool) -> str:
    lines = []
    for finding in findings:
        lines.append(f"{_MARKS[finding.state]:8}{finding.name:16}{finding.found}")
        if finding.hint:
            lines.append(f"{'':24}fix: {finding.hint}")
    lines += ["", "everything essential is here" if ok else "something essential is missing"]
    return "\n".join(lines)
