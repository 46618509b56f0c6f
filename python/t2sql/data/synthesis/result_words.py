"""What becomes of the rows in words: groups and what is measured of them, the order, the first few."""

from __future__ import annotations

from t2sql.data.rng import Rng
from t2sql.data.synthesis.column_names import ColumnNames
from t2sql.data.synthesis.lexicon import ColumnWords, column_words
from t2sql.data.synthesis.noun_phrases import NounPhrases
from t2sql.data.synthesis.noun_trees import Node
from t2sql.data.synthesis.profiles import TEMPORAL_ROLES, ColumnProfile
from t2sql.data.synthesis.query import Aggregate, GroupCondition, OrderBy, Query
from t2sql.data.synthesis.relations import third_person
from t2sql.data.synthesis.spelling import is_countable
from t2sql.data.templates import NUMBER_WORDS, Templates
from t2sql.schema import pluralize


class ResultWords:
    """Writes groups and orders."""

    def __init__(self, rng: Rng, templates: Templates, names: ColumnNames, nouns: NounPhrases) -> None:
        """Prepare to write.

        Args:
            rng: The source of random choices.
            templates: The wordings of aggregates.
            names: Names columns.
            nouns: Writes rows.
        """
        self._rng = rng
        self._templates = templates
        self._names = names
        self._nouns = nouns

    def template_name(self, query: Query, named: bool) -> str | None:
        """Return the templates for a query with groups or an order; None if they are called as its shape.

        Args:
            query: The query.
            named: Whether the label alone is selected.
        """
        shape, order = query.shape, query.order
        if shape == "group_each" and query.select[1:] == (Aggregate("COUNT"),) and self._rng.chance(0.6):
            if self._of_each(query) and not query.where.conditions and self._rng.chance(0.6):
                return "group_each_from"
            return "group_each_count"
        if shape == "group_top":
            assert order is not None
            if order.limit == 1 and order.by == Aggregate("COUNT") and self._rng.chance(0.55):
                return "group_top_common"
            return "group_top_one" if order.limit == 1 else "group_top"
        if shape == "top_one" and order is not None and isinstance(order.by, ColumnProfile):
            words = self._words(query, order.by)
            if (words.most if order.descending else words.least) and self._rng.chance(0.4):
                return "top_one_verb"
            if named and self._rng.chance(0.65):
                return "top_one_with" if self._rng.chance(0.4) else "top_one_label"
        if shape == "top" and named and self._rng.chance(0.6):
            return "top_label"
        if shape in ("related_number", "related_having", "related_most"):
            if shape == "related_number" and query.aggregate != Aggregate("COUNT"):
                return "related_measure"
            if shape == "related_most" and order is not None:
                summed = order.by != Aggregate("COUNT")
                if order.limit != 1:
                    return "related_sum_k" if summed else "related_most_k"
                if summed:
                    return "related_sum"
            is_label = query.columns == (query.scope.base.label,)
            return f"{shape}_label" if is_label and self._rng.chance(0.55) else shape
        return None

    def slots(self, query: Query, tree: Node, known: dict[str, str]) -> dict[str, str]:
        """Return the slots of groups and of the order."""
        slots: dict[str, str] = {}
        if query.having is not None:
            slots["cmp"] = self._compared(query.having)
        if query.group and not query.shape.startswith("related_"):
            slots |= self._grouped(query, known)
        if query.shape in ("both", "distinct", "group_having"):
            group = self._names.owned(query.columns[0])
            slots |= {"g": group, "gs": pluralize(group)}
        if query.order is not None:
            order = query.order
            slots |= {"k": self.number(order.limit or 1), "dir": self._direction(order)}
            slots["way"] = "descending" if order.descending else "ascending"
            if isinstance(order.by, ColumnProfile):
                slots["c"] = self._names.owned(order.by)
                slots |= self._ordered(query, tree, order.by)
        return slots

    def _of_each(self, query: Query) -> tuple[str, ...]:
        """Return predicates whose object is the group: "live in" before "each city"."""
        if query.scope.joins:
            return ()
        words = self._words(query, query.group[0])
        states = [f"are {text.removesuffix(' {v}')}" for text in words.equal if text.endswith(" {v}")]
        verbs = [text.removesuffix(" {v}") for text in words.equal_verbs if text.endswith(" {v}")]
        when = [f"were {words.participle} in"] if words.participle and query.group[0].role == "year" else []
        return tuple(text for text in (*states, *verbs, *when) if "{" not in text)

    def superlative(self, query: Query, tree: Node) -> str:
        """Write the row with the highest or lowest value: "oldest student"."""
        order = query.order
        assert order is not None and isinstance(order.by, ColumnProfile)
        adjectives = self.adjectives(self._words(query, order.by), order)
        if adjectives and self._rng.chance(0.65):
            return self._nouns.rows(tree, one=True, adjective=self._rng.choice(adjectives))
        return f"{self._nouns.rows(tree, one=True)} {self._with()} the {self.best(order)}"

    def adjectives(self, words: ColumnWords, order: OrderBy) -> tuple[str, ...]:
        """Return the superlatives for the first row of an order by a column with such words."""
        if not words.participle:
            return words.high if order.descending else words.low
        if words.participle == "born":
            return ("youngest",) if order.descending else ("oldest",)
        part = words.participle
        if order.descending:
            return ("newest", f"most recently {part}", f"latest {part}", "most recent", "latest")
        return ("oldest", f"earliest {part}", f"first {part}", "earliest")

    def best(self, order: OrderBy) -> str:
        """Write the highest or lowest value of an order: "highest age", "earliest date"."""
        assert isinstance(order.by, ColumnProfile)
        name = self._names.name(order.by)
        if order.by.role == "number" and is_countable(name) and self._rng.chance(0.6):
            return f"{'most' if order.descending else 'fewest'} {name}"
        return self._names.measured(Aggregate("MAX" if order.descending else "MIN", order.by))

    def number(self, number: int) -> str:
        """Write a small number as a word or in digits."""
        return NUMBER_WORDS[number] if number < len(NUMBER_WORDS) and self._rng.chance(0.5) else str(number)

    def _words(self, query: Query, column: ColumnProfile) -> ColumnWords:
        table = query.scope.table_of(column)
        found = column_words(column.phrase, column.role, table.is_person)
        rivals = [other for other in table.columns if other != column and other.role == column.role]
        # "The tallest" has to mean one column alone.
        for rival in rivals:
            other = column_words(rival.phrase, rival.role, table.is_person)
            if set(other.high) & set(found.high) or (other.participle and found.participle):
                return ColumnWords()
        return found

    def _with(self) -> str:
        return self._rng.choice(("with", "with", "with", "that has", "having"))

    def _ordered(self, query: Query, tree: Node, by: ColumnProfile) -> dict[str, str]:
        order = query.order
        assert order is not None
        if query.shape not in ("top", "top_one"):
            return {}
        words = self._words(query, by)
        slots = {"best": self.best(order), "sup": self.superlative(query, tree)}
        verbs = words.most if order.descending else words.least
        if verbs:
            slots["mosts"] = third_person(self._rng.choice(verbs))
        adjectives = self.adjectives(words, order)
        k = self.number(order.limit or 1)
        if adjectives and self._rng.chance(0.65):
            slots["sups"] = self._nouns.rows(tree, adjective=f"{k} {self._rng.choice(adjectives)}")
        else:
            slots["sups"] = f"{k} {self._nouns.rows(tree)} with the {slots['best']}"
        return slots

    def _grouped(self, query: Query, known: dict[str, str]) -> dict[str, str]:
        column = query.group[0]
        group = self._names.owned(column)
        owner = query.scope.table_of(column)
        if query.scope.joins and column == owner.label and self._rng.chance(0.6):
            group = owner.item
        rows = known["NP"]
        aggregate = query.order.by if query.order is not None else query.aggregate
        many = self._rng.choice((f"number of {rows}", f"number of {rows}", f"count of {rows}"))
        if isinstance(aggregate, Aggregate) and aggregate.column is not None:
            measured = query.aggregates if len(query.aggregates) > 1 else (aggregate,)
            name = self._names.several_measured(measured)
            many = f"{name} of {self._rng.choice(('the ', ''))}{rows}"
        out = {"g": group, "gs": pluralize(group), "m": many}
        if of_each := self._of_each(query):
            out["from"] = self._rng.choice(of_each)
        if query.order is not None:
            descending = query.order.descending
            out["mostfew"] = "most" if descending else "the fewest"
            out["common"] = self._rng.choice(
                ("most common", "most common", "most frequent", "most popular")
                if descending
                else ("least common", "rarest")
            )
            sign = "highest" if descending else "lowest"
            counted = many.startswith(("number", "count"))
            out["best"] = f"{'most' if descending else 'fewest'} {rows}" if counted else f"{sign} {many}"
            if counted and self._rng.chance(0.3):
                out["best"] = f"{'largest' if descending else 'smallest'} {many}"
        return out

    def _compared(self, having: GroupCondition) -> str:
        if having.number == 1:
            return self._rng.choice(("more than one", "more than 1", "multiple", "several", "two or more"))
        words = {">": ("more than", "over"), ">=": ("at least",), "<": ("fewer than", "less than")}
        if having.op == ">=" and self._rng.chance(0.2):
            return f"{self.number(having.number)} or more"
        return f"{self._rng.choice(words[having.op])} {self.number(having.number)}"

    def _direction(self, order: OrderBy) -> str:
        column = order.by if isinstance(order.by, ColumnProfile) else None
        if column is not None and column.role == "name":
            words = ("in alphabetical order", "alphabetically", "in alphabetic order", "from A to Z")
            return self._rng.choice(
                words if not order.descending else ("in reverse alphabetical order", "from Z to A")
            )
        if column is not None and column.role in TEMPORAL_ROLES and self._rng.chance(0.5):
            words = ("latest first", "from latest to earliest", "newest first", "most recent first")
            early = ("earliest first", "from earliest to latest", "oldest first")
            return self._rng.choice(words if order.descending else early)
        down = (
            "in descending order",
            "in descending order",
            "from highest to lowest",
            "from high to low",
            "highest first",
        )
        up = (
            "in ascending order",
            "in ascending order",
            "from lowest to highest",
            "from low to high",
            "lowest first",
        )
        return self._rng.choice(down if order.descending else up)
