"""Where a model comes from: name, licence and base models, in a model card and in GGUF's `general.*` keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

import yaml

from t2sql.checked_json import is_unicode
from t2sql.gguf.entries import Entry, MetadataValue
from t2sql.plain import Json

# More base models than any model has: a larger number in a file is damage.
_MOST_BASES = 256
_HUB = "https://huggingface.co/"
_README_LIMIT = 1 << 20
# Texts that stand for nothing in YAML.
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
# The fields that this package reads in a card's front matter and writes there, in the order of writing.
_CARD_FIELDS = ("license", "license_name", "license_link", "organization", "version", "author")


@dataclass(frozen=True)
class Card:
    """The front matter of a Hugging Face model card, as far as GGUF has keys for it.

    Attributes:
        name: The model's name (`model_name`); None when the card has none.
        fields: Of `license`, `license_name`, `license_link`, `organization`, `version` and `author` those
            that are stated.
        languages: ISO codes.
        tags: The card's tags.
        base_models: Hub ids ("org/name") or bare names.
    """

    name: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    languages: Sequence[str] = ()
    tags: Sequence[str] = ()
    base_models: Sequence[str] = ()

    def entries(self) -> list[Entry]:
        """The `general.*` entries of everything but the name (gguf-py's metadata.py has the same keys)."""
        entries = [Entry(f"general.{_dotted(name)}", "str", value) for name, value in self.fields.items()]
        if self.base_models:
            entries.append(Entry("general.base_model.count", "u32", len(self.base_models)))
        for index, base in enumerate(self.base_models):
            prefix = f"general.base_model.{index}."
            organization, _, name = base.rpartition("/")
            entries.append(Entry(prefix + "name", "str", name.replace("-", " ")))
            if organization:
                entries.append(Entry(prefix + "organization", "str", organization))
                entries.append(Entry(prefix + "repo_url", "str", _HUB + base))
        if self.tags:
            entries.append(Entry("general.tags", "arr:str", list(self.tags)))
        if self.languages:
            entries.append(Entry("general.languages", "arr:str", list(self.languages)))
        return entries


def card_of(metadata: Mapping[str, MetadataValue], path: Path) -> Card:
    """The card that a GGUF's `general.*` keys describe; a file without a name is named after `path`."""
    bases = []
    count = metadata.get("general.base_model.count", 0)
    for index in range(min(count, _MOST_BASES) if isinstance(count, int) else 0):
        prefix = f"general.base_model.{index}."
        url, name = (str(metadata.get(prefix + key, "")) for key in ("repo_url", "name"))
        hub_id = url.removeprefix(_HUB)
        bases.append(hub_id if hub_id != url else name)
    return Card(
        name=str(metadata.get("general.name", path.stem)),
        fields={
            name: str(metadata[f"general.{_dotted(name)}"])
            for name in _CARD_FIELDS
            if f"general.{_dotted(name)}" in metadata
        },
        languages=_texts(metadata.get("general.languages")),
        tags=_texts(metadata.get("general.tags")),
        base_models=[base for base in bases if base],
    )


def write_card(folder: Path, card: Card, *, source: str) -> None:
    """Write README.md with front matter that hubs and `read_card` understand.

    Args:
        folder: The model directory.
        card: What the front matter states.
        source: The name of the file that the model was imported from, for the text.
    """
    front: dict[str, Json] = {"model_name": card.name or folder.name}
    front.update({name: card.fields[name] for name in _CARD_FIELDS if name in card.fields})
    lists = {"language": card.languages, "tags": card.tags, "base_model": card.base_models}
    front.update({name: list(values) for name, values in lists.items() if values})
    text = yaml.safe_dump(front, sort_keys=False, allow_unicode=True)
    body = f"# {front['model_name']}\n\nImported from `{source}` with t2sql.\n"
    (folder / "README.md").write_text(f"---\n{text}---\n\n{body}", encoding="utf-8")


def read_card(folder: Path) -> Card:
    """The front matter of a directory's README.md; an empty card when there is none or it does not parse.

    Every scalar is read as the text that it is: YAML takes the language code `no` for false, and a version
    of 1.10 for the number 1.1.
    """
    try:
        with (folder / "README.md").open(encoding="utf-8-sig", errors="replace") as file:
            text = file.read(_README_LIMIT).lstrip()
        lines = iter(text.splitlines())
        if next(lines, "").rstrip() != "---":
            return Card()
        # Tabs, which YAML does not allow, are in the cards of well-known models.
        head = [line.replace("\t", "  ") for line in takewhile(lambda line: line.rstrip() != "---", lines)]
        front = yaml.load("\n".join(head), Loader=yaml.BaseLoader)
    except (OSError, yaml.YAMLError, RecursionError):
        return Card()
    if not isinstance(front, dict):
        return Card()
    names = _texts(front.get("model_name"))
    return Card(
        name=names[0] if names else None,
        fields={name: ", ".join(_texts(front.get(name))) for name in _CARD_FIELDS if _texts(front.get(name))},
        languages=_texts(front.get("language")),
        tags=_texts(front.get("tags")),
        base_models=_texts(front.get("base_model")),
    )


def _dotted(name: str) -> str:
    """GGUF's key of a field, after "general."."""
    return {"license_name": "license.name", "license_link": "license.link"}.get(name, name)


def _texts(value: object) -> list[str]:
    """The texts in a value of the front matter, or of a GGUF: one, or those of a list."""
    items = value if isinstance(value, list | tuple) else [value]
    return [item for item in items if isinstance(item, str) and item not in _NULLS and is_unicode(item)]
