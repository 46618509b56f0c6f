"""Plans of invented databases: which tables and columns of a subject, and what they are called."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from t2sql.data.demo.naming import Naming
from t2sql.data.demo.worlds import World, WorldColumn, WorldLink, WorldTable
from t2sql.data.rng import Rng
from t2sql.data.synthesis import RelationWords
from t2sql.sql import quote

_SIZES: dict[str, float] = {"1": 8, "2": 33, "3": 36, "4": 14, "5": 5, "6": 4}
_COLUMNS = {0: (5, 9), 1: (3, 6), 2: (2, 4), 3: (2, 3), 4: (1, 3), 5: (1, 2), 6: (1, 2)}
"""How many columns a table has besides its label and keys, by the number of tables; 0: of large databases."""

_LARGE = 0.05
"""The probability of a database with as many tables and columns as there are: most prompts are short."""

_SPLIT_NAME = 0.1
"""The probability that people have a first and a last name."""


@dataclass(frozen=True)
class PlannedColumn:
    """A column.

    Attributes:
        name: Its name.
        phrase: What people call it.
        values: Which values it holds; see `attributes.toml`. "key" stands before the kind of a primary key.
        refers_to: The item of the table that it refers to; empty for other columns.
    """

    name: str
    phrase: str
    values: str
    refers_to: str = ""


@dataclass
class PlannedTable:
    """A table.

    Attributes:
        key: By which other tables know it: the first item of the subject's table, or a link's name.
        name: Its name.
        item: What a row is called.
        columns: Its columns.
        label: The name of the label.
        words: The words for each column that refers to another table, by the column's name.
        is_link: Whether it only links two others.
    """

    key: str
    name: str
    item: str
    columns: list[PlannedColumn]
    label: str
    words: dict[str, RelationWords] = field(default_factory=dict)
    is_link: bool = False


def plan_database(rng: Rng, world: World, taken: frozenset[str]) -> list[PlannedTable]:
    """Choose tables of a subject that belong together, and name them in one style.

    Args:
        rng: The source of random choices.
        world: The subject.
        taken: Names of tables, in small letters, that no table may have.
    """
    naming = Naming.draw(rng)
    is_large = rng.chance(_LARGE)
    chosen, links = _connected(rng, world, 8 if is_large else int(rng.weighted_choice(_SIZES)))
    size = len(chosen) + sum(bool(link.tables) for link in links)
    items = _items(rng, world, chosen, naming, taken)
    if len({naming.key(item) for item in items.values()}) < len(items):
        # Games and gamers would both have a gam_id.
        naming = replace(naming, keys="id" if naming.keys == "id" else "item")
    tables = {
        key: _table(rng, world.tables[key], items[key], naming, 0 if is_large else min(size, 6))
        for key in chosen
    }
    for key, table in tables.items():
        table.key = key
    planned = list(tables.values())
    for link in links:
        if link.tables:
            planned.append(_linking(rng, link, items, naming, {table.name.lower() for table in planned}))
        else:
            _refer(rng, tables[link.second], link, items, naming)
    return rng.shuffled(planned) if rng.chance(0.5) else planned


def _connected(rng: Rng, world: World, size: int) -> tuple[list[str], list[WorldLink]]:
    """Choose tables, each of which is linked to one before it; a table that links two counts as one."""
    chosen = [rng.choice(list(world.tables))]
    links: list[WorldLink] = []
    count = 1
    while count < size:
        free = [
            link
            for link in world.links
            if (link.first in chosen) != (link.second in chosen) and count + 1 + bool(link.tables) <= size
        ]
        if not free:
            break
        link = rng.choice(free)
        links.append(link)
        chosen.append(link.second if link.first in chosen else link.first)
        count += 1 + bool(link.tables)
    # A second key between two tables is rare, a third table between two linked ones too.
    for link in world.links:
        if link not in links and link.first in chosen and link.second in chosen and rng.chance(0.35):
            links.append(link)
    return chosen, links


def _items(
    rng: Rng, world: World, chosen: list[str], naming: Naming, taken: frozenset[str]
) -> dict[str, str]:
    items: dict[str, str] = {}
    for key in chosen:
        free = [
            item
            for item in world.tables[key].items
            if _is_free(naming.table(item), taken) and item not in items.values()
        ]
        items[key] = rng.choice(free or [f"{world.tables[key].items[0]} record"])
    return items


def _is_free(name: str, taken: frozenset[str]) -> bool:
    """Tell whether a table may have a name: words of SQL need quotes, and nobody likes them."""
    return name.lower() not in taken and quote(name) == name


def _table(rng: Rng, table: WorldTable, item: str, naming: Naming, size: int) -> PlannedTable:
    low, high = _COLUMNS[size]
    key = PlannedColumn(
        naming.key(item), f"{item} code" if naming.keys == "code" else "id", f"key {naming.keys}"
    )
    label = table.label
    labels = [label]
    if label.values == "person" and rng.chance(_SPLIT_NAME):
        labels = [WorldColumn("first name", "first"), WorldColumn("last name", "last")]
    named = []
    for column in labels:
        own = naming.own_labels and column.phrase in ("name", "title")
        phrase = f"{item} {column.phrase}" if own else column.phrase
        named.append(PlannedColumn(naming.column(rng, phrase), phrase, column.values))
    others = []
    for column in rng.sample(table.columns, rng.between(low, high)):
        phrase = f"is {column.phrase}" if column.values == "flag" else column.phrase
        others.append(PlannedColumn(naming.column(rng, phrase), phrase, column.values))
    columns = [key, *named, *others] if rng.chance(0.85) else [key, *others, *named]
    return PlannedTable("", naming.table(item), item, columns, named[-1].name)


def _refer(rng: Rng, table: PlannedTable, link: WorldLink, items: dict[str, str], naming: Naming) -> None:
    """Add a key to a table."""
    phrase = f"{link.role or items[link.first]} id"
    column = PlannedColumn(naming.reference(items[link.first], link.role), phrase, "reference", link.first)
    if column.name in {other.name for other in table.columns}:
        return
    at = len(table.columns) if rng.chance(0.65) else min(2, len(table.columns))
    table.columns.insert(at, column)
    table.words[column.name] = link.words


def _linking(
    rng: Rng, link: WorldLink, items: dict[str, str], naming: Naming, names: set[str]
) -> PlannedTable:
    """Make a table of two keys, perhaps with something about each pair."""
    plural = Naming(naming.tables, naming.columns, False, naming.keys, False, False, naming.prefix)
    both = f"{items[link.first]} {items[link.second]}"
    # A table of hosts may be there already.
    free = [name.replace("_", " ") for name in link.tables]
    free = [name for name in free if plural.table(name).lower() not in names]
    phrase = rng.choice((*free, both))
    columns = [
        PlannedColumn(naming.reference(items[key], ""), f"{items[key]} id", "reference", key)
        for key in (link.first, link.second)
    ]
    words = {columns[0].name: link.words, columns[1].name: link.words}
    if rng.chance(0.3):
        extra = rng.choice(
            (("year", "year 2010 2024"), ("start date", "date 2012 2024"), ("quantity", "int 1 30"))
        )
        columns.append(PlannedColumn(naming.column(rng, extra[0]), extra[0], extra[1]))
    if rng.chance(0.2):
        columns.insert(0, PlannedColumn(naming.column(rng, "id"), "id", "key id"))
    return PlannedTable(phrase, plural.table(phrase), phrase, columns, columns[0].name, words, is_link=True)
