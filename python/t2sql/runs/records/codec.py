"""Frozen dataclasses to JSON and back: the one converter of all records in a run directory.

Files that another version wrote can be read: fields that this version does not know are ignored, and fields
that are missing get their defaults. A value of a wrong type is a `RecordError` that names the field. Each
class's reader is built once from its annotations, since the app reads thousands of events a second.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Literal, Self, TypeAlias, TypeVar

from t2sql.plain import Json as Json
from t2sql.plain import JsonObject as JsonObject
from t2sql.schema import Schema

_Reader: TypeAlias = Callable[[Any], Any]
_T = TypeVar("_T")


ABSENT: Mapping[str, bool] = {"absent": True}
"""Metadata of a field that is left out of the JSON object while it is None, instead of being null.

A field whose name in JSON is not the attribute's has the metadata `{"key": NAME}`.
"""


class RecordError(ValueError):
    """A JSON value is not what the record's field expects."""


class Record:
    """Base of the frozen dataclasses that are written as JSON objects.

    Attributes:
        COMPUTED: Names of properties that are written beside the fields, for readers in other languages; they
            are ignored when a record is read.
    """

    COMPUTED: ClassVar[tuple[str, ...]] = ()

    def to_json(self) -> dict[str, Json]:
        """The record as JSON's own types: NaN and infinity become null, tuples lists."""
        document: dict[str, Json] = {}
        for name, key, optional in _written(typing.cast(Any, type(self))):
            value = getattr(self, name)
            if value is None and optional:
                continue
            document[key] = _json(value)
        for name in self.COMPUTED:
            document[name] = _json(getattr(self, name))
        return document

    @classmethod
    def from_json(cls, document: Json) -> Self:
        """The inverse of `to_json`.

        Raises:
            RecordError: `document` is not an object, lacks a required field, or a field has a wrong type.
        """
        return typing.cast(Self, _object_reader(typing.cast(Any, cls))(document))


def json_key(field: dataclasses.Field[Any]) -> str:
    """The name of a record's field in JSON."""
    return str(field.metadata.get("key") or field.name)


@cache
def _written(cls: Any) -> tuple[tuple[str, str, bool], ...]:
    """(attribute, JSON name, whether None is left out) of each field."""
    fields = dataclasses.fields(cls)
    return tuple((f.name, json_key(f), bool(f.metadata.get("absent"))) for f in fields)


def _json(value: Any) -> Json:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Record):
        return value.to_json()
    if isinstance(value, Schema):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    raise TypeError(f"cannot write {type(value).__name__} as JSON")


@cache
def _object_reader(cls: Any) -> _Reader:
    """A function that makes a record of a JSON object."""
    hints = typing.get_type_hints(cls, localns={"Json": Json, "Mapping": Mapping, "Sequence": Sequence})
    fields = dataclasses.fields(cls)
    readers = {
        json_key(f): (f.name, _accepted(hints[f.name]), reader_of(hints[f.name])) for f in fields if f.init
    }
    required = {
        json_key(f)
        for f in fields
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    }

    def read(document: Any) -> Any:
        if not isinstance(document, dict):
            raise RecordError(f"expected an object, found {_shown(document)}")
        values = {}
        for key, value in document.items():
            known = readers.get(key)
            if known is None:
                continue
            name, accepted, reader = known
            if type(value) in accepted:
                values[name] = value
                continue
            try:
                values[name] = reader(value)
            except RecordError as error:
                raise RecordError(f"{key}: {error}") from None
        if not required <= document.keys():
            raise RecordError(f"no {', '.join(sorted(required - document.keys()))}")
        return cls(**values)

    return read


@cache
def reader_of(annotation: Any) -> _Reader:
    """A function that checks a JSON value against a type annotation and makes the Python value of it."""
    if annotation in _SCALARS:
        return _scalar_reader(annotation)
    if annotation is Schema:
        return _schema
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return _object_reader(typing.cast(Any, annotation))
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        # A newer version may have more words; they are shown as they are.
        return _scalar_reader(str)
    if origin in (typing.Union, types.UnionType):
        # `Json` is the one union with a sequence in it.
        sequence = any(typing.get_origin(argument) is Sequence for argument in arguments)
        return _unchanged if sequence else _union_reader(arguments)
    if origin is tuple and arguments[1:] == (Ellipsis,):
        return _list_reader(reader_of(arguments[0]))
    if origin is tuple:
        return _tuple_reader(tuple(reader_of(argument) for argument in arguments))
    if origin in (dict, Mapping):
        return _dict_reader(reader_of(arguments[1]))
    # `Json` inside itself, which is not resolved further.
    return _unchanged


def _accepted(annotation: Any) -> frozenset[type]:
    """Types of the JSON values that need no reader: they are the Python value already."""
    members = typing.get_args(annotation)
    if typing.get_origin(annotation) not in (typing.Union, types.UnionType):
        members = (annotation,)
    return (
        frozenset(kind for member in members for kind in (*_SCALARS.get(member, ()), member)) & _JSON_SCALARS
    )


_JSON_SCALARS = frozenset({str, bool, int, float, type(None)})
_SCALARS: dict[Any, tuple[type, ...]] = {str: (str,), bool: (bool,), int: (int,), float: (float, int)}
_NAMES = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}


def _scalar_reader(kind: type) -> _Reader:
    kinds, name, boolean = _SCALARS[kind], _NAMES[kind], kind is bool

    def read(value: Any) -> Any:
        if isinstance(value, kinds) and (boolean or not isinstance(value, bool)):
            return value
        if kind is int and isinstance(value, float) and value.is_integer():
            return int(value)
        raise RecordError(f"expected {name}, found {_shown(value)}")

    return read


def _union_reader(members: tuple[Any, ...]) -> _Reader:
    nullable = type(None) in members
    readers = [reader_of(member) for member in members if member is not type(None)]
    if len(readers) == 1:
        only = readers[0]
        return lambda value: None if value is None and nullable else only(value)

    def read(value: Any) -> Any:
        if value is None and nullable:
            return None
        for reader in readers:
            try:
                return reader(value)
            except RecordError as error:
                problem = error
        raise problem

    return read


def _list_reader(item: _Reader) -> _Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, list):
            raise RecordError(f"expected a list, found {_shown(value)}")
        return tuple([item(element) for element in value])

    return read


def _tuple_reader(items: tuple[_Reader, ...]) -> _Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, list) or len(value) != len(items):
            raise RecordError(f"expected a list of {len(items)}, found {_shown(value)}")
        return tuple([reader(element) for reader, element in zip(items, value, strict=True)])

    return read


def _dict_reader(item: _Reader) -> _Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise RecordError(f"expected an object, found {_shown(value)}")
        return {key: item(element) for key, element in value.items()}

    return read


def _schema(value: Any) -> Schema:
    try:
        return Schema.from_dict(value)
    except ValueError as error:
        raise RecordError(str(error)) from None


def _unchanged(value: _T) -> _T:
    return value


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
