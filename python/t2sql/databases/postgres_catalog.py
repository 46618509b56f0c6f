"""The tables of a PostgreSQL database that are on the search path, from its system catalog.

Left out without a word, since they are no tables of the user's: partitions, which are parts of their table,
tables of extensions, and temporary ones. SQLAlchemy lists all of these, and calls domains and enums by name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import NamedTuple

import sqlalchemy as sa

from t2sql.databases.tables import Catalog, DatabaseColumn, DatabaseTable, ForeignKeyConstraint

_TABLES = """
    SELECT c.oid::int8, n.nspname, c.relname, c.relkind::text, pg_catalog.pg_table_is_visible(c.oid),
           pg_catalog.has_schema_privilege(n.oid, 'USAGE')
             AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT'), c.relispopulated,
           COALESCE(pg_catalog.obj_description(c.oid, 'pg_class'), '')
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY (pg_catalog.current_schemas(false)) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND NOT c.relispartition
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.deptype = 'e'
                      AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid)
    ORDER BY c.relname, pg_catalog.array_position(pg_catalog.current_schemas(false), n.nspname)
"""
# A domain's type is that of the values in it, through domains over domains.
_COLUMNS = """
    WITH RECURSIVE base (domain, type, modifier) AS (
      SELECT oid, typbasetype, typtypmod FROM pg_catalog.pg_type WHERE typtype = 'd'
      UNION ALL
      SELECT b.domain, t.typbasetype, t.typtypmod FROM base b
      JOIN pg_catalog.pg_type t ON t.oid = b.type WHERE t.typtype = 'd'
    )
    SELECT a.attrelid::int8, a.attname, pg_catalog.format_type(t.oid, COALESCE(b.modifier, a.atttypmod)),
           t.typtype::text, a.attnum::int4, pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT'),
           COALESCE(pg_catalog.col_description(a.attrelid, a.attnum), '')
    FROM pg_catalog.pg_attribute a
    LEFT JOIN base b ON b.domain = a.atttypid
      AND b.type NOT IN (SELECT oid FROM pg_catalog.pg_type WHERE typtype = 'd')
    JOIN pg_catalog.pg_type t ON t.oid = COALESCE(b.type, a.atttypid)
    WHERE a.attrelid = ANY (:tables) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attrelid, a.attnum
"""
_KEYS = """
    SELECT conrelid::int8, contype::text, conkey::int4[], confrelid::int8, confkey::int4[]
    FROM pg_catalog.pg_constraint
    WHERE conrelid = ANY (:tables) AND contype IN ('p', 'f') AND conparentid = 0 ORDER BY conname
"""

_SHORT_NAMES = (
    (re.compile(r"^character varying"), "varchar"),
    (re.compile(r"^character\b"), "char"),
    (re.compile(r" without time zone"), ""),
)
_WHOLE = ("smallint", "integer", "bigint", "boolean", "oid")
_REAL = ("numeric", "real", "double precision")


class _Relation(NamedTuple):
    oid: int
    schema: str
    name: str
    kind: str
    visible: bool
    readable: bool
    populated: bool
    comment: str


class _Key(NamedTuple):
    kind: str
    columns: list[int]
    target: int
    to_columns: list[int]


def read_postgres_catalog(engine: sa.Engine, *, views: bool) -> Catalog:
    """Read the tables of all schemas on the search path. No row is read.

    Args:
        engine: A PostgreSQL database.
        views: Whether to read views and materialized views as well.
    """
    with engine.connect() as connection:
        relations = [_Relation(*row) for row in connection.exec_driver_sql(_TABLES)]
        relations = [relation for relation in relations if views or relation.kind not in "vm"]
        oids = {"tables": [relation.oid for relation in relations]}
        column_rows = connection.execute(sa.text(_COLUMNS), oids).fetchall()
        keys: dict[int, list[_Key]] = defaultdict(list)
        for oid, *key in connection.execute(sa.text(_KEYS), oids):
            keys[oid].append(_Key(*key))
    names: dict[int, dict[int, str]] = defaultdict(dict)
    columns: dict[int, list[DatabaseColumn]] = defaultdict(list)
    hidden: dict[int, list[str]] = defaultdict(list)
    for oid, name, sql_type, type_kind, number, readable, comment in column_rows:
        names[oid][number] = name
        if readable:
            columns[oid].append(replace(_column(name, sql_type, type_kind), comment=comment))
        else:
            hidden[oid].append(name)
    tables, left_out = [], []
    by_oid = {relation.oid: relation for relation in relations}
    for relation in relations:
        reason = _reason(relation)
        if reason:
            left_out.append(f"{relation.schema}.{relation.name} is left out: {reason}")
            continue
        if hidden[relation.oid]:
            listed = ", ".join(hidden[relation.oid])
            left_out.append(f"columns of {relation.name} that the role may not read are left out: {listed}")
        tables.append(_table(relation, columns[relation.oid], keys[relation.oid], names, by_oid))
    return Catalog(tuple(tables), tuple(left_out))


def _reason(relation: _Relation) -> str | None:
    if not relation.readable:
        return "the role may not read it"
    if not relation.visible:
        return "a table of the same name comes before it on the search path"
    return None if relation.populated else "it is a materialized view that was never filled"


def _table(
    relation: _Relation,
    columns: list[DatabaseColumn],
    keys: list[_Key],
    names: dict[int, dict[int, str]],
    by_oid: dict[int, _Relation],
) -> DatabaseTable:
    primary_key: tuple[str, ...] = ()
    foreign_keys = []
    readable = {column.name for column in columns}
    for key in keys:
        own = tuple(names[relation.oid][number] for number in key.columns)
        if key.kind == "p":
            primary_key = own
        elif key.target in by_oid and readable.issuperset(own):
            to_columns = tuple(names[key.target][number] for number in key.to_columns)
            foreign_keys.append(ForeignKeyConstraint(relation.name, own, by_oid[key.target].name, to_columns))
    return DatabaseTable(
        relation.name, tuple(columns), primary_key, tuple(foreign_keys), (relation.schema,), relation.comment
    )


def _column(name: str, sql_type: str, type_kind: str) -> DatabaseColumn:
    if type_kind == "e":
        return DatabaseColumn(name, "ENUM", "TEXT", False)
    whole = sql_type.startswith(_WHOLE) and "[" not in sql_type
    affinity = "INTEGER" if whole else "TEXT"
    if sql_type.startswith(_REAL) and "[" not in sql_type:
        affinity = "REAL"
    for pattern, short in _SHORT_NAMES:
        sql_type = pattern.sub(short, sql_type)
    return DatabaseColumn(name, sql_type.upper(), affinity, sql_type == "bytea")
