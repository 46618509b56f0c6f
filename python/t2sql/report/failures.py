"""How each file's answers were wrong, counted from the prediction files."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

_EXAMPLES = 3
_LONGEST = 10_000


def failures(folder: Path) -> dict[str, Any]:
    """Per prediction file the count of every class, and a few wrong answers to look at."""
    files = []
    total: Counter[str] = Counter()
    for path in sorted(folder.glob("*.jsonl")) if folder.is_dir() else []:
        lines = _lines(path)
        wrong = [line for line in lines if not line.get("correct")]
        counts = Counter(str(line.get("class") or "other") for line in wrong)
        total += counts
        shown = ("question", "gold", "sql", "class")
        files.append(
            {
                "file": path.stem,
                "n": len(lines),
                "wrong": len(wrong),
                "classes": dict(counts.most_common()),
                "examples": [{key: line.get(key) for key in shown} for line in wrong[:_EXAMPLES]],
            }
        )
    return {"classes": [name for name, _ in total.most_common()], "files": files}


def _lines(path: Path) -> list[dict[str, Any]]:
    lines = []
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines()[:_LONGEST]:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict):
            lines.append(line)
    return lines
