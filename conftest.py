"""T2SQL_CI_REQUIRE=1 turns a skipped test into a failed one, so that nothing is passed over in silence.

A test that belongs to another system or processor says so in its reason, which then begins with
"elsewhere:"; such a skip stands.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

ELSEWHERE = "elsewhere:"


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The reason of a skipped report, without pytest's own prefix."""
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def _require(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Fail a skipped report unless its reason names another system or processor."""
    if not report.skipped or hasattr(report, "wasxfail") or os.environ.get("T2SQL_CI_REQUIRE") != "1":
        return
    reason = _reason(report)
    if not reason.startswith(ELSEWHERE):
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped although T2SQL_CI_REQUIRE=1: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Apply the switch to the outcome of each phase of a test."""
    report = yield
    _require(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    """Apply the switch to modules that skip themselves as they are imported."""
    report = yield
    _require(report)
    return report
