"""`python -m t2sql.runs.records` prints docs/records.md: every file of a run and every field in it."""

from __future__ import annotations

from t2sql.runs.records.documentation import document

if __name__ == "__main__":
    print(document(), end="")
