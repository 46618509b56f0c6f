"""The scopes of a database: its tables alone, and the paths along its keys that people ask about."""

from __future__ import annotations

from t2sql.data.synthesis.profiles import TableProfile
from t2sql.data.synthesis.scopes import Scope
from t2sql.databases import ForeignKeyConstraint

_MOST_PATHS = 5000
"""The most paths of two foreign keys; a schema of hundreds of tables has millions."""


class ScopePaths:
    """The scopes of each kind."""

    def __init__(self, tables: list[TableProfile]) -> None:
        """Find the paths between some tables."""
        self._by_name = {table.name: table for table in tables}
        self.keys = [
            key
            for table in tables
            for key in table.foreign_keys
            if key.to_table in self._by_name and key.to_table != key.table
        ]
        self._one = [Scope((table,)) for table in tables]
        spoken = [scope for scope in self._one if not scope.base.is_link]
        self._up = [self._scope(key.table, (key.to_table, key)) for key in self.keys]
        self._up = [scope for scope in self._up if not scope.base.is_link]
        down = [self._scope(key.to_table, (key.table, key)) for key in self.keys]
        self._kinds = {
            "join": self._up,
            "join2": self._two_up(),
            "related": [*(scope for scope in down if not scope.tables[1].is_link), *self._through()],
            "none": [scope for scope in down if len(scope.joins[0].columns) == 1],
        }
        self._spoken = spoken or self._one

    def of_kind(self, kind: str) -> list[Scope]:
        """The scopes that a query of a kind may have."""
        return self._kinds.get(kind, self._spoken)

    def further(self, table: TableProfile, besides: ForeignKeyConstraint) -> list[ForeignKeyConstraint]:
        """The keys of a table that lead elsewhere than one of them."""
        return [key for key in self.keys if key.table == table.name and key.to_table != besides.to_table]

    def extended(self, scope: Scope, key: ForeignKeyConstraint) -> Scope:
        """A scope with one more table that is referred to."""
        return Scope((*scope.tables, self._by_name[key.to_table]), (*scope.joins, key))

    def _scope(self, base: str, *steps: tuple[str, ForeignKeyConstraint]) -> Scope:
        names = (base, *(name for name, _ in steps))
        return Scope(tuple(self._by_name[name] for name in names), tuple(key for _, key in steps))

    def _two_up(self) -> list[Scope]:
        """Return scopes of three tables whose result still has one row for each row of the first."""
        scopes = []
        for first in self.keys:
            if self._by_name[first.table].is_link:
                continue
            for second in self.keys:
                chain = second.table == first.to_table and second.to_table != first.table
                fork = second.table == first.table and second.to_table != first.to_table
                if chain or (fork and (first.columns, first.to_table) < (second.columns, second.to_table)):
                    scopes.append(
                        self._scope(first.table, (first.to_table, first), (second.to_table, second))
                    )
                if len(scopes) == _MOST_PATHS:
                    return scopes
        return scopes

    def _through(self) -> list[Scope]:
        """Return scopes from a table through one that refers to it, to what that one refers to as well."""
        scopes = []
        for first in self.keys:
            for second in self.further(self._by_name[first.table], first):
                scopes.append(self._scope(first.to_table, (first.table, first), (second.to_table, second)))
                if len(scopes) == _MOST_PATHS:
                    return scopes
        return scopes
