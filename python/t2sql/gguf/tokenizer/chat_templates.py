"""Chat templates, wherever transformers has put them over the years."""

from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import Path

from t2sql.checked_json import CheckedJson, read_json
from t2sql.errors import InputError

DEFAULT = "default"
"""The name of the usual template."""

_MOST_BYTES = 1 << 20
_IN_NAMES = string.ascii_letters + string.digits


def read_templates(folder: Path, settings: CheckedJson) -> Mapping[str, str]:
    """The templates of a directory: its files first, as in transformers.

    chat_template.jinja and additional_chat_templates/NAME.jinja come before `chat_template` in
    tokenizer_config.json, and that before chat_template.json.

    Args:
        folder: The directory.
        settings: tokenizer_config.json.

    Returns:
        Name -> template, the names in GGUF's letters.

    Raises:
        InputError: A file does not parse, or is larger than 1 MiB.
    """
    templates: dict[str, str] = {}
    older = folder / "chat_template.json"
    if older.is_file():
        templates.update(_stated(CheckedJson(read_json(older), str(older))))
    templates.update(_stated(settings))
    files = sorted((folder / "additional_chat_templates").glob("*.jinja"))
    templates.update({gguf_name(file.stem): _read(file) for file in files if file.is_file()})
    usual = folder / "chat_template.jinja"
    if usual.is_file():
        templates[DEFAULT] = _read(usual)
    return templates


def gguf_name(name: str) -> str:
    """A template's name as GGUF has it: other characters than letters and digits become underscores."""
    return "".join(letter if letter in _IN_NAMES else "_" for letter in name)


def _stated(settings: CheckedJson) -> dict[str, str]:
    """`chat_template`: one, a list of objects with a name and a template, or an object of them."""
    stated = settings.document.get("chat_template")
    if isinstance(stated, list):
        named = [
            (one.text("name", default=""), one.text("template", default=""))
            for one in settings.objects("chat_template")
        ]
    elif isinstance(stated, Mapping):
        inner = settings.section("chat_template")
        named = [(name, inner.text(name, default="")) for name in stated]
    else:
        named = [(DEFAULT, settings.text("chat_template", default=""))]
    return {gguf_name(name): template for name, template in named if template}


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError("chat template is too large", where=path, expected="at most 1 MiB")
        return path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError) as error:
        raise InputError("file does not parse", where=path, expected="text in UTF-8", found=error) from None
