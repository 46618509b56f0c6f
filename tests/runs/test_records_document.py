"""docs/records.md: as the types are, with a meaning for every field."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from t2sql.runs import records
from t2sql.runs.records.codec import Record
from t2sql.runs.records.documentation import described, document

DOCUMENT = Path(__file__).parents[2] / "docs" / "records.md"


def test_the_document_is_that_of_the_types() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), (
        "python -m t2sql.runs.records > docs/records.md"
    )


def test_every_field_has_a_meaning() -> None:
    classes = [value for name in records.__all__ if _is_record(value := getattr(records, name))]
    without = [
        f"{cls.__name__}.{field.name}"
        for cls in classes
        for field in dataclasses.fields(cls)
        if not described(cls)[1].get(field.name)
    ]
    assert len(classes) > 40 and without == []


def _is_record(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Record) and dataclasses.is_dataclass(value)
