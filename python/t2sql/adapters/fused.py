"""Which adapters a model has in its weights, so that none of them is applied a second time.

`fuse` writes them into config.json's "t2sql" block, a converted file copies them, and training writes into
adapter_config.json which of them its base had.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from t2sql.adapters.mlx_lm import AdapterConfig, adapter_weights
from t2sql.adapters.notes import read_notes
from t2sql.errors import InputError
from t2sql.plain import JsonObject, parse_json

_CHUNK = 1 << 20


@dataclass(frozen=True)
class AdapterIdentity:
    """What an adapter is known by.

    Attributes:
        name: The last three parts of its path when it was fused or converted.
        fingerprint: SHA-256 of the file with its tensors, 32 hexadecimal digits; "" in models that were fused
            before there were fingerprints.
    """

    name: str
    fingerprint: str

    def to_json(self) -> dict[str, str]:
        """As the "t2sql" block of config.json has it."""
        return {"name": self.name, "fingerprint": self.fingerprint}


def identify_adapter(path: Path) -> AdapterIdentity:
    """The identity of an adapter directory; one that was exported has that of the adapter it was made from.

    Raises:
        InputError: Its weights cannot be read.
    """
    digest, weights = hashlib.sha256(), adapter_weights(path)
    notes = read_notes(weights)
    if notes is not None:
        return AdapterIdentity(notes.name, notes.fingerprint)
    try:
        with weights.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise InputError("the adapter cannot be read", where=weights, found=error.strerror) from None
    return AdapterIdentity("/".join(path.resolve().parts[-3:]), digest.hexdigest()[:32])


def fused_adapters(config: JsonObject) -> tuple[AdapterIdentity, ...]:
    """The adapters in a model's weights by its config.json, in the order in which they were fused."""
    block = config.get("t2sql")
    if not isinstance(block, dict):
        return ()
    listed = block.get("adapters")
    if isinstance(listed, list):
        entries = [entry for entry in listed if isinstance(entry, dict)]
        return tuple(AdapterIdentity(str(e.get("name", "")), str(e.get("fingerprint", ""))) for e in entries)
    name = block.get("adapter")
    return (AdapterIdentity(name, ""),) if isinstance(name, str) and name else ()


def fused_adapters_of(model: Path) -> tuple[AdapterIdentity, ...]:
    """As `fused_adapters`, of a model directory; none where its config.json cannot be read."""
    try:
        config = parse_json((model / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ()
    return fused_adapters(config) if isinstance(config, dict) else ()


def check_adapter_not_fused(path: Path, config: AdapterConfig, model: Path) -> None:
    """Refuse an adapter that is in a model's weights already, or was trained on a base with other ones.

    Args:
        path: The adapter directory.
        config: Its config.
        model: The directory of the model that it is to be applied to.

    Raises:
        InputError: It must not be applied to this model.
    """
    fused = fused_adapters_of(model)
    if fused or config.base_adapters:
        check_identity(identify_adapter(path), config.base_adapters, fused, where=path, model=model)


def check_identity(
    adapter: AdapterIdentity,
    base_adapters: Sequence[str] | None,
    fused: Sequence[AdapterIdentity],
    *,
    where: object,
    model: object,
) -> None:
    """Refuse an adapter that is in the weights already, or was trained on a base with other adapters in them.

    Args:
        adapter: The adapter.
        base_adapters: Fingerprints of the adapters in the weights that it was trained on; None when it does
            not say.
        fused: The adapters in the weights that it is to be applied to.
        where: The adapter, for errors.
        model: The model, for errors.

    Raises:
        InputError: It must not be applied to this model.
    """
    for inside in fused:
        same = (
            inside.fingerprint == adapter.fingerprint if inside.fingerprint else inside.name == adapter.name
        )
        if same:
            raise InputError(
                "the adapter is in these weights already",
                where=where,
                expected="a model without it",
                found=f"{model}, which was fused with {inside.name}",
                hint="Use this model without the adapter, or give the adapter its base",
            )
    stated = [inside.fingerprint for inside in fused]
    if base_adapters is not None and all(stated) and list(base_adapters) != stated:
        names = ", ".join(inside.name for inside in fused)
        raise InputError(
            "the adapter was trained on other weights",
            where=where,
            expected="the base that it was trained on",
            found=f"{model}, " + (f"which was fused with {names}" if names else "without its adapters"),
        )
