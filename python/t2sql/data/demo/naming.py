"""The styles in which people name tables and columns."""

from __future__ import annotations

from dataclasses import dataclass

from t2sql.data.demo.worlds import short_forms
from t2sql.data.rng import Rng
from t2sql.schema import pluralize

# How the words of a name are joined: home_city, Home_City, HomeCity, homeCity, homecity, HOME_CITY.
_TABLE_CASES: dict[str, float] = {"snake": 52, "Pascal": 17, "Snake": 15, "lower": 6, "camel": 4, "UPPER": 6}
_COLUMN_CASES: dict[str, float] = {
    "snake": 46,
    "Snake": 20,
    "Pascal": 12,
    "camel": 11,
    "lower": 5,
    "UPPER": 6,
}
_KEYS: dict[str, float] = {"id": 32, "item": 48, "short": 12, "code": 8}


@dataclass(frozen=True)
class Naming:
    """The style of one database.

    Attributes:
        tables: How the words of a table's name are joined.
        columns: How those of a column's name are.
        plural: Whether tables are named in the plural.
        keys: What a primary key is called: "id", after its table, after its first letters, or "code", whose
            values are texts.
        own_labels: Whether the label is called after its table: "customer_name".
        shortens: Whether long words are shortened.
        prefix: What stands before the names of tables.
    """

    tables: str
    columns: str
    plural: bool
    keys: str
    own_labels: bool
    shortens: bool
    prefix: str = ""

    @classmethod
    def draw(cls, rng: Rng) -> Naming:
        """Draw a style."""
        tables = rng.weighted_choice(_TABLE_CASES)
        columns = rng.weighted_choice(_COLUMN_CASES)
        if rng.chance(0.5) and tables != "lower":
            columns = tables
        prefix = "tbl" if rng.chance(0.03) else ""
        return cls(
            tables,
            columns,
            rng.chance(0.45),
            rng.weighted_choice(_KEYS),
            rng.chance(0.22),
            rng.chance(0.15),
            prefix,
        )

    def table(self, phrase: str) -> str:
        """Return a table's name."""
        words = pluralize(phrase) if self.plural else phrase
        return _joined(f"{self.prefix} {words}".split(), self.tables)

    def column(self, rng: Rng, phrase: str) -> str:
        """Return a column's name."""
        words = phrase.replace("-", " ").split()
        if self.shortens:
            short = short_forms()
            words = [rng.choice(short[word]) if word in short else word for word in words]
        return _joined(words, self.columns)

    def key(self, phrase: str) -> str:
        """Return the name of a primary key."""
        if self.keys == "id":
            return _joined(["id"], self.columns)
        if self.keys == "short":
            words = phrase.split()
            initials = "".join(word[0] for word in words) if len(words) > 1 else phrase[:3]
            return _joined([initials, "id"], self.columns)
        return _joined([*phrase.split(), "code" if self.keys == "code" else "id"], self.columns)

    def reference(self, phrase: str, role: str) -> str:
        """Return the name of a key that refers to rows called `phrase`, perhaps in a role."""
        if role or self.keys == "id":
            return _joined([*(role or phrase).split(), "id"], self.columns)
        return self.key(phrase)


def _joined(words: list[str], case: str) -> str:
    words = [word.lower().replace("'", "") for word in words]
    if case == "UPPER":
        return "_".join(words).upper()
    if case == "snake":
        return "_".join(words)
    if case == "lower":
        return "".join(words)
    capital = ["ID" if word == "id" and case != "camel" else word[0].upper() + word[1:] for word in words]
    if case == "Snake":
        return "_".join(capital)
    if case == "camel" and capital:
        return words[0] + "".join(capital[1:])
    return "".join(capital)
