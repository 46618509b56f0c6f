"""Values of PostgreSQL as Python has them, and as the server's own text where Python has none."""

from __future__ import annotations

import json
from typing import Any

_MOMENTS = ("date", "time", "timetz", "timestamp", "timestamptz")
"""Python's reach from year 1 to 9999, without infinity and 24:00."""

_AS_TEXT = (
    # A timedelta has no months: one of 30 days would be made of each.
    "interval",
    # Their ends may be any moment, and Python would show them in its own way.
    *("int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange"),
    *("int4multirange", "int8multirange", "nummultirange", "datemultirange", "tsmultirange"),
    "tstzmultirange",
)

_TEXTS = ("text", "varchar", "bpchar", "name", '"char"', "json", "jsonb", "xml")


def register_loaders(connection: Any) -> None:
    """Let a connection give every value: as Python has it, or else as text.

    Args:
        connection: A psycopg connection.
    """
    # An extra: without it there is no connection.
    from psycopg import DataError
    from psycopg.adapt import Loader
    from psycopg.types.string import TextLoader

    adapters = connection.adapters
    whole_text = connection.info.parameter_status("server_encoding") != "SQL_ASCII"

    def text_of(data: Any) -> str:
        return bytes(data).decode("utf-8", "replace")

    class PatientText(Loader):
        """A text whose bytes nobody has checked."""

        def load(self, data: Any) -> str:
            return text_of(data)

    class Json(Loader):
        """A document, or its text where Python's reader does not keep it whole."""

        def load(self, data: Any) -> Any:
            text = text_of(data)
            if "\\ud" in text.lower():
                return text
            try:
                # SQL's NULL is None, and JSON's null is another value.
                value = json.loads(text)
                return text if value is None else value
            except (ValueError, RecursionError):
                return text

    def patient(base: type[Any]) -> type[Any]:
        class Patient(Loader):
            """What `base` reads, or else the text."""

            def __init__(self, oid: int, context: Any = None) -> None:
                super().__init__(oid, context)
                self._base = base(oid, context)

            def load(self, data: Any) -> Any:
                try:
                    return self._base.load(data)
                except DataError:
                    return text_of(data)

        return Patient

    for name in _MOMENTS:
        oid = adapters.types[name].oid
        base = adapters.get_loader(oid, TextLoader.format)
        if base is not None:
            adapters.register_loader(oid, patient(base))
    for name in _AS_TEXT:
        if (info := adapters.types.get(name)) is not None:
            adapters.register_loader(info.oid, TextLoader)
    if not whole_text:
        for name in _TEXTS:
            if (info := adapters.types.get(name)) is not None:
                adapters.register_loader(info.oid, PatientText)
    for name in ("json", "jsonb"):
        adapters.register_loader(adapters.types[name].oid, Json)
