"""A room's door, its `__init__.pyi`: what it lists is there, and no name is hidden by a module."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

import t2sql

ROOT = Path(t2sql.__path__[0])
ROOMS = sorted(path.parent.name for path in ROOT.glob("*/__init__.pyi") if path.with_suffix(".py").exists())


def exports(room: str) -> dict[str, str | None]:
    """The names that a door lists, with the module that each comes from; None for a module itself."""
    tree = ast.parse((ROOT / room / "__init__.pyi").read_text(encoding="utf-8"))
    return {
        alias.asname or alias.name: node.module
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


@pytest.mark.parametrize("room", ROOMS)
def test_a_door_exports_no_name_that_is_also_a_module(room: str) -> None:
    """`import t2sql.room.name` would put the module where the door has the function."""
    modules = {path.stem for path in (ROOT / room).glob("*.py")}
    modules |= {path.parent.name for path in (ROOT / room).glob("*/__init__.py")}
    assert not {name for name, source in exports(room).items() if source is not None and name in modules}


@pytest.mark.parametrize("room", ROOMS)
def test_everything_that_a_door_lists_is_there(room: str) -> None:
    door = importlib.import_module(f"t2sql.{room}")
    assert sorted(exports(room)) == sorted(set(dir(door)) & exports(room).keys()) == sorted(door.__all__)
    for name in exports(room):
        getattr(door, name)
