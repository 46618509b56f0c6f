"""The keywords of convert, quantize and convert_adapter are the fields of their options."""

from __future__ import annotations

from dataclasses import fields
from typing import get_type_hints

import pytest

from t2sql.gguf import AdapterOptions, ConvertKeywords, ConvertOptions, OutputKeywords, QuantizeKeywords
from t2sql.gguf.adapter import AdapterKeywords
from t2sql.gguf.options import OutputOptions, QuantizeOptions


@pytest.mark.parametrize(
    ("options", "keywords"),
    [
        (OutputOptions, OutputKeywords),
        (ConvertOptions, ConvertKeywords),
        (QuantizeOptions, QuantizeKeywords),
        (AdapterOptions, AdapterKeywords),
    ],
)
def test_keywords_are_the_fields_of_the_options(options: type, keywords: type) -> None:
    types = get_type_hints(options)
    assert get_type_hints(keywords) == {field.name: types[field.name] for field in fields(options)}
