"""Random statements whose names shadow tables, system tables, functions and each other."""

from __future__ import annotations

import random

_TABLES = ("customers", "orders", "canary", "Customers", "pg_shadow", "sqlite_master", "duckdb_tables")
_FREE = ("a", "b", "c", "secrets", "session_user", "lower", "information_schema")
_COLUMNS = ("id", "id", "id", "n", "n", "city", "name", "total", "word", "customers", "a", "c")
_NO_COLUMNS = ("evil_attr", "row_to_json", "ctid", "rowid", "session_user", "user", "current_role", "usename")
_FUNCTIONS = ("lower", "count", "max", "total", "coalesce", "evil_attr", "pg_read_file", "upper")
_SECRETS = (
    "pg_read_file('/etc/passwd')",
    "getenv('HOME')",
    "current_setting('x')",
    "load_file('/etc/passwd')",
    "evil()",
)
_ROWS = (
    *("generate_series(1, 3)", "unnest(ARRAY[1, 2])", "unnest([1, 2])", "json_each('{}')", "range(3)"),
    *("evil_rows()", "read_csv('/etc/passwd')", "glob('/etc/*')", "pg_ls_dir('/')", "json_tree('[]')"),
    *("(VALUES (1, 'a'), (2, 'b'))", "query('SELECT 1')", "pragma_table_info('canary')", "duckdb_settings()"),
)
_WRAPS = (
    "CAST({} AS TEXT)",
    "{}::regclass",
    "{}::text",
    "{} -> 'a'",
    "{} ->> '$.a'",
    "[{}]",
    "ARRAY[{}]",
    "{{'a': {}}}",
    "list_transform([1], x -> {})",
    "[{} FOR x IN [1]]",
    "coalesce({}, 1)",
    "{} AT TIME ZONE 'UTC'",
    "(CASE WHEN {} IS NULL THEN 1 END)",
    "{} || 'a'",
    "SUM({}) OVER (ORDER BY id)",
    "max({}) FILTER (WHERE {} = 1)",
    "extract(year FROM {})",
    "substring({} FROM 1)",
    "string_agg({}, ',' ORDER BY {})",
    "json_extract({}, '$.a')",
    "({} IN (VALUES (1)))",
    "({} = ANY (ARRAY[1]))",
    "date({}, '-1 day')",
    "({}).evil_attr",
    "/*! {} */ 1",
    "@@version",
)
_ENDS = (
    " GROUP BY ROLLUP ({})",
    " QUALIFY {} = 1",
    " ORDER BY {} FETCH FIRST 3 ROWS ONLY",
    " GROUP BY GROUPING SETS (({}), ())",
    " TABLESAMPLE BERNOULLI (10)",
    " USING SAMPLE 3",
    " ORDER BY {} COLLATE nocase",
    " LIMIT 3 OFFSET 1",
)
_ODD = ("\u200b", "\u2060", "\ufeff", "\u00a0", "\u2028", "\x0b")


class Writer:
    """Writes statements from one seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def statement(self) -> str:
        """One statement; about a third of them can run."""
        sql = self._query(3)
        if self._chance(0.03):
            parts = sql.split(" ")
            at = self._random.randrange(len(parts))
            sql = self._random.choice(_ODD).join((" ".join(parts[:at]), " ".join(parts[at:])))
        return sql

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _name(self) -> str:
        return self._random.choice(_TABLES[: 7 if self._chance(0.3) else 4] + _FREE)

    def _query(self, depth: int, common: tuple[str, ...] = ()) -> str:
        start = ""
        if depth and self._chance(0.5):
            names = [self._name() for _ in range(self._random.randint(1, 3))]
            visible, written = common, []
            for name in names:
                written.append(f"{name} AS ({self._query(depth - 1, visible)})")
                visible += (name,)
            if self._chance(0.2):
                self._random.shuffle(written)
            start = f"WITH {'RECURSIVE ' if self._chance(0.2) else ''}{', '.join(written)} "
            common = visible
        sql = start + self._select(depth, common)
        if depth and self._chance(0.15):
            sql += f" UNION ALL {self._select(depth - 1, common)}"
        return sql

    def _select(self, depth: int, common: tuple[str, ...]) -> str:
        sources, aliases = [], []
        for _ in range(1 if self._chance(0.75) else 2):
            source = self._source(depth, common)
            alias = self._name() if self._chance(0.4) or source.startswith("(") else ""
            sources.append(f"{source} AS {alias}" if alias else source)
            aliases.append(alias or source)
        items = [self._value(depth, common, aliases) for _ in range(self._random.randint(1, 2))]
        written = [
            f"{item} AS {self._random.choice(_COLUMNS)}" if self._chance(0.5) else item for item in items
        ]
        if self._chance(0.25):
            written = [self._random.choice(("*", "*", "*", "* EXCLUDE (id)", "DISTINCT ON (id) id"))]
        sql = f"SELECT {', '.join(written)} FROM {', '.join(sources)}"
        if self._chance(0.2):
            sql += f" WHERE {self._value(depth, common, aliases)} IS NOT NULL"
        if depth and self._chance(0.15):
            sql += f"{' AND' if 'WHERE' in sql[-60:] else ' WHERE'} EXISTS ({self._query(depth - 1, common)})"
        if self._chance(0.15):
            sql += f" ORDER BY {self._random.choice(_COLUMNS)}"
        elif self._chance(0.15):
            sql += self._random.choice(_ENDS).format(self._random.choice(_COLUMNS))
        return sql

    def _source(self, depth: int, common: tuple[str, ...]) -> str:
        if self._chance(0.12):
            return self._random.choice(_ROWS)
        if depth and self._chance(0.25):
            lateral = "LATERAL " if self._chance(0.15) else ""
            return f"{lateral}({self._query(depth - 1, common)})"
        if common and self._chance(0.5):
            return self._random.choice(common)
        return self._random.choice(_TABLES[: 7 if self._chance(0.15) else 4])

    def _value(self, depth: int, common: tuple[str, ...], aliases: list[str]) -> str:
        if self._chance(0.2):
            inner = (
                self._random.choice(_SECRETS) if self._chance(0.1) else self._plain(depth, common, aliases)
            )
            wrap = self._random.choice(_WRAPS)
            return wrap.format(*[inner] * wrap.count("{}"))
        return self._plain(depth, common, aliases)

    def _plain(self, depth: int, common: tuple[str, ...], aliases: list[str]) -> str:
        kind = self._random.random()
        if kind < 0.25:
            return str(self._random.randint(0, 9))
        if kind < 0.35:
            return "COUNT(*)"
        column = self._random.choice(_NO_COLUMNS if self._chance(0.08) else _COLUMNS)
        if kind < 0.55:
            return column
        if kind < 0.8:
            return f"{self._random.choice(aliases)}.{column}"
        if kind < 0.9 and depth:
            return f"({self._query(depth - 1, common)})"
        return f"{self._random.choice(_FUNCTIONS)}({column})"
