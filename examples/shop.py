"""Make a small SQLite database to try things on.

python examples/shop.py shop.db
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing

SCRIPT = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
CREATE TABLE products (id INTEGER PRIMARY KEY, title TEXT, category TEXT, price REAL);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id),
                     product_id INTEGER REFERENCES products (id), quantity INTEGER);
INSERT INTO customers (name, city) VALUES ('Ada', 'Oslo'), ('Bo', 'Lima'), ('Cy', 'Oslo'), ('Di', 'Paris');
INSERT INTO products (title, category, price)
VALUES ('Red Lamp', 'light', 30), ('Blue Lamp', 'light', 35), ('Chair', 'seat', 80), ('Rug', 'floor', 120);
INSERT INTO orders (customer_id, product_id, quantity)
VALUES (1, 1, 2), (1, 3, 4), (2, 2, 1), (3, 4, 1), (3, 1, 1), (4, 3, 2);
"""


def main() -> None:
    """Make the file."""
    with closing(sqlite3.connect(sys.argv[1])) as connection:
        connection.executescript(SCRIPT)
    print(f"made {sys.argv[1]}")


if __name__ == "__main__":
    main()
