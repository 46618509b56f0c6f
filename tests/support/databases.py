"""SQLite databases for the tests, built by code."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

CITIES = ("Paris", "Oslo", "New York", "Lima", "L'Aquila")


def build(path: Path, script: str, rows: dict[str, list[tuple[object, ...]]] | None = None) -> Path:
    """A database of the script's tables and these rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
        for table, values in (rows or {}).items():
            marks = ", ".join("?" for _ in values[0])
            name = table.replace('"', '""')
            connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', values)
        connection.commit()
    return path


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def shop(path: Path) -> Path:
    """Customers, products, and the orders between them."""
    draw = random.Random(1)
    names = [
        f"{a} {b}" for a in ("Ada", "Bo", "Cy", "Di", "Eve") for b in ("Stone", "Reed", "O'Hara", "Lund")
    ]
    customers = [
        (i, f"{name} {i}", f"user{i}@example.org", draw.choice(CITIES), draw.randint(1940, 2005), i % 3 != 0)
        for i, name in enumerate(names * 3, 1)
    ]
    products = [
        (
            i,
            f"{draw.choice(('Red', 'Blue', 'Soft'))} {draw.choice(('Lamp', 'Chair', 'Rug'))} {i}",
            draw.choice(("light", "seat", "floor")),
            round(draw.uniform(3, 300), 2),
            None if i % 4 else f"2021-0{draw.randint(1, 9)}-1{draw.randint(0, 9)}",
        )
        for i in range(1, 41)
    ]
    orders = [
        (
            i,
            draw.randint(1, 55),
            draw.randint(1, 40),
            draw.randint(1, 12),
            f"202{draw.randint(0, 4)}-0{draw.randint(1, 9)}-{draw.randint(10, 28)} 08:30:00",
            draw.choice((None, None, "gift", "call first")),
        )
        for i in range(1, 300)
    ]
    script = """
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, email TEXT, city TEXT, birth_year INT,
                            is_active INT);
    CREATE TABLE products (product_id INTEGER PRIMARY KEY, title TEXT, category TEXT, unitPrice REAL,
                           discontinued_on DATE);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INT REFERENCES customers, product_id INT,
                         qty INT, ordered_at TEXT, note TEXT,
                         FOREIGN KEY (product_id) REFERENCES products (product_id));
    """
    return build(path, script, {"customers": customers, "products": products, "orders": orders})


def random_database(path: Path, seed: int, tables: int = 4) -> Path:
    """Tables with random names, types, NULLs and keys between them."""
    draw = random.Random(seed)
    words = (
        "alpha",
        "beta",
        "unit price",
        "order",
        "Größe",
        "gamma_1",
        "is_open",
        "Total",
        "kind",
        "seen_on",
    )
    script, rows = "", {}
    for at in range(tables):
        name = draw.choice(("things", "Data Sets", "order", "t_items", "straße")) + str(at)
        columns = draw.sample(words, draw.randint(2, 6))
        types = [draw.choice(("INTEGER", "REAL", "TEXT", "DATE", "VARCHAR(20)")) for _ in columns]
        parts = ["id INTEGER PRIMARY KEY"]
        parts += [f'"{column}" {type}' for column, type in zip(columns, types, strict=True)]
        if at:
            parent = draw.choice(list(rows))
            parts += [f'parent_id INTEGER REFERENCES "{parent}" (id)']
        script += f'CREATE TABLE "{name}" ({", ".join(parts)});\n'
        n = draw.choice((3, 20, 60))
        rows[name] = [
            (i, *(_value(draw, type) for type in types), *([draw.randint(1, 3)] if at else []))
            for i in range(1, n + 1)
        ]
    return build(path, script, rows)


def _value(draw: random.Random, type: str) -> object:
    if draw.random() < 0.1:
        return None
    if type == "INTEGER":
        return draw.randint(-5, 400)
    if type == "REAL":
        return draw.choice((1e-7, 0.5, 1234.5678, float(draw.randint(0, 90)), -3.25))
    if type == "DATE":
        return f"20{draw.randint(10, 24)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
    return draw.choice(
        ("red", "dark blue", "it's", 'say "hi"', "100%", "a_b", "Ünïcode word", "and then", " x ")
    )
