"""Schemas of live databases in the user's cache, so that a large one is read once."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from t2sql.cache import cache_dir
from t2sql.databases import ReadSchema, masked_url
from t2sql.files import write_text
from t2sql.plain import parse_json
from t2sql.schema import Schema


def load_cached(url: str, state: str) -> ReadSchema | None:
    """Load a schema that `store` wrote.

    Args:
        url: The database.
        state: Its `schema_state`.

    Returns:
        The schema; None if there is none of this state, or it cannot be read.
    """
    try:
        document = parse_json(cache_file(url).read_text(encoding="utf-8"))
        if document["state"] != state:
            return None
        namespaces = {str(name): tuple(map(str, parts)) for name, parts in document["namespaces"].items()}
        return ReadSchema(Schema.from_dict(document["schema"]), (), namespaces)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def store(url: str, state: str, read: ReadSchema) -> None:
    """Store a schema for the next process. A failure to write is ignored: then it is read again.

    Args:
        url: The database. The file's name is a hash of it, without the password.
        state: Its `schema_state`.
        read: Its tables; nothing of it was left out.
    """
    file = cache_file(url)
    document = json.dumps(
        {
            "state": state,
            "schema": read.schema.to_dict(),
            "namespaces": dict(read.namespaces),
        },
        ensure_ascii=True,
    )
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, document)


def cache_file(url: str, kind: str = "json") -> Path:
    """Where something of a database is stored, beside its schema.

    Args:
        url: The database.
        kind: What is stored: the end of the file's name.
    """
    name = hashlib.sha256(masked_url(url).encode()).hexdigest()[:24]
    return cache_dir() / "schemas" / f"{name}.{kind}"
