"""Where a model comes from: name, licence and base model, kept in step between GGUF keys and a model card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Card fields that are one GGUF string each.
_STRINGS = (
    "name",
    "author",
    "version",
    "organization",
    "description",
    "finetune",
    "basename",
    "size_label",
    "license",
    "license_name",
    "license_link",
    "url",
    "repo_url",
)


@dataclass
class Card:
    fields: dict[str, str] = field(default_factory=dict)
    languages: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    # Hub ids ("org/name") or bare names.
    base_models: list[str] = field(default_factory=list)


def card_of(metadata: Mapping[str, Any], path: Path) -> Card:
    """The card that a GGUF's `general.*` keys make."""
    fields = {
        name: str(metadata[f"general.{_dotted(name)}"])
        for name in _STRINGS
        if f"general.{_dotted(name)}" in metadata
    }
    fields.setdefault("name", path.stem)
    bases = []
    for i in range(int(metadata.get("general.base_model.count", 0) or 0)):
        prefix = f"general.base_model.{i}."
        url = str(metadata.get(prefix + "repo_url", ""))
        name = str(metadata.get(prefix + "name", ""))
        hub = url.removeprefix("https://huggingface.co/")
        bases.append(hub if url and hub != url else name)
    return Card(
        fields,
        [str(x) for x in metadata.get("general.languages", [])],
        [str(x) for x in metadata.get("general.tags", [])],
        [base for base in bases if base],
    )


def write_card(folder: Path, card: Card, *, source: str) -> None:
    """README.md whose front matter hubs and `convert` read back."""
    import yaml

    front: dict[str, Any] = {"model_name": card.fields.get("name", folder.name)}
    for name in ("license", "license_name", "license_link", "organization", "version", "author"):
        if name in card.fields:
            front[name] = card.fields[name]
    if card.languages:
        front["language"] = card.languages
    if card.tags:
        front["tags"] = card.tags
    if card.base_models:
        front["base_model"] = card.base_models
    text = yaml.safe_dump(front, sort_keys=False, allow_unicode=True)
    body = f"# {front['model_name']}\n\nImported from `{source}` with t2sql.\n"
    (folder / "README.md").write_text(f"---\n{text}---\n\n{body}", encoding="utf-8")


def read_card(folder: Path) -> Card:
    """The front matter of a directory's README.md; an empty card when there is none."""
    import yaml

    try:
        text = (folder / "README.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return Card()
    if not text.startswith("---"):
        return Card()
    try:
        front = yaml.safe_load(text.removeprefix("---").split("\n---", 1)[0])
    except yaml.YAMLError:
        return Card()
    if not isinstance(front, dict):
        return Card()
    card = Card(
        languages=_list(front.get("language")),
        tags=_list(front.get("tags")),
        base_models=_list(front.get("base_model")),
    )
    for name in ("license", "license_name", "license_link", "organization", "version", "author"):
        if front.get(name) is not None:
            value = front[name]
            card.fields[name] = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    if front.get("model_name"):
        card.fields["name"] = str(front["model_name"])
    return card


def _dotted(name: str) -> str:
    return {"license_name": "license.name", "license_link": "license.link"}.get(name, name)


def _list(value: object) -> list[str]:
    if value is None:
        return []
    return [str(x) for x in value] if isinstance(value, list) else [str(value)]
