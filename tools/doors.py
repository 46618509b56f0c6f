"""An import-linter contract: from another room only its door is imported.

A room is a package directly under the package of the contract. Its door is its `__init__`; a module inside
the room may be imported by the room itself only. Import-linter has contract types that order rooms, but none
that says this.
"""

from __future__ import annotations

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class DoorContract(Contract):
    """No import of `package.room.module` from outside `package.room`.

    Attributes:
        package: The package whose subpackages are the rooms, such as `t2sql`.
    """

    type_name = "doors"
    package = fields.StringField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Collect the imports that reach past a door.

        Args:
            graph: Every import of the root packages.
            verbose: Not used; the check is quick.

        Returns:
            Whether the contract is kept, and the broken imports under `past`.
        """
        root = str(self.package)
        past = []
        for imported in sorted(graph.modules):
            room = self._room(imported, root)
            if room is None or imported == room or imported in _exported_modules(room):
                continue
            past += [
                (importer, imported)
                for importer in sorted(graph.find_modules_that_directly_import(imported))
                if importer != room and not importer.startswith(f"{room}.")
            ]
        return ContractCheck(kept=not past, metadata={"past": past})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print a line for each import that reaches past a door."""
        for importer, imported in check.metadata["past"]:
            output.print_error(f"{importer} imports {imported}: import it from the room's door instead")

    @staticmethod
    def _room(module: str, root: str) -> str | None:
        """The room that a module is in, or None for modules directly under the package."""
        parts = module.split(".")
        return ".".join(parts[:2]) if parts[0] == root and len(parts) > 2 else None


@cache
def _exported_modules(room: str) -> frozenset[str]:
    """The modules that a room's door hands out whole, by `from . import module` in its `__init__.pyi`."""
    spec = find_spec(room)
    if spec is None or spec.origin is None:
        return frozenset()
    stub = Path(spec.origin).with_suffix(".pyi")
    if not stub.is_file():
        return frozenset()
    return frozenset(
        f"{room}.{alias.name}"
        for node in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module is None
        for alias in node.names
    )
