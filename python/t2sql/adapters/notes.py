"""What t2sql knows of an adapter and its format has no place for, in the metadata of its safetensors file.

An adapter that was written in another format keeps its identity, so that it is still known where it is in the
weights already.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from t2sql import _core
from t2sql.checked_json import CheckedJson
from t2sql.plain import JsonObject, parse_json

NOTES_KEY = "t2sql"
"""The entry of `__metadata__`, a JSON object."""


@dataclass(frozen=True)
class AdapterNotes:
    """Facts about an adapter.

    Attributes:
        name: The name of the adapter that it was exported from.
        fingerprint: Its fingerprint.
        prompt_format: The prompt format that it was trained with; None when it is not known.
        base_bits: The bits that its base was quantized to for training; None when it was not.
        base_adapters: Fingerprints of the adapters in its base's weights; None when they are not known.
    """

    name: str
    fingerprint: str
    prompt_format: str | None = None
    base_bits: int | None = None
    base_adapters: tuple[str, ...] | None = None

    def to_json(self) -> JsonObject:
        """As the file's metadata has them; what is not known is left out."""
        known = {
            **vars(self),
            "base_adapters": None if self.base_adapters is None else list(self.base_adapters),
        }
        return {key: value for key, value in known.items() if value is not None}


def read_notes(weights: Path) -> AdapterNotes | None:
    """The facts in a safetensors file; None where t2sql did not export it.

    Raises:
        InputError: The file is malformed, or the facts are.
    """
    text = _core.read_safetensors(str(weights))["metadata"].get(NOTES_KEY)
    try:
        document = None if text is None else parse_json(text)
    except ValueError:
        return None
    if not isinstance(document, dict):
        return None
    notes = CheckedJson(document, f"{weights}: {NOTES_KEY}")
    return AdapterNotes(
        name=notes.text("name"),
        fingerprint=notes.text("fingerprint"),
        prompt_format=notes.text("prompt_format") if notes.has("prompt_format") else None,
        base_bits=notes.integer("base_bits", most=8) if notes.has("base_bits") else None,
        base_adapters=notes.texts("base_adapters") if notes.has("base_adapters") else None,
    )
