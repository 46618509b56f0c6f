"""Schemas that are too long for a prompt: what is kept of them."""

from __future__ import annotations

import pytest
from support.backends import ScriptedBackend

from t2sql.errors import ContextError, InputError
from t2sql.generate import Asker, Request
from t2sql.live.asking import ask_within_context
from t2sql.live.relevance import select_part
from t2sql.prompt import PromptFormat, PromptHints, render_prompt
from t2sql.schema import Column, ColumnValue, ForeignKey, Schema, Table


def table(name: str, *columns: str, keys: tuple[ForeignKey, ...] = ()) -> Table:
    return Table(name, tuple(Column(column) for column in columns), keys)


FILLING = tuple(table(f"log_{i:03d}", *(f"field_{i}_{k}" for k in range(8))) for i in range(100))
SHOP = (
    table("customers", "id", "name", "city"),
    table("order_items", "id", "customer_id", "qty", keys=(ForeignKey("customer_id", "customers", "id"),)),
    table("suppliers", "id", "name", "iban"),
)
LARGE = Schema(FILLING[:50] + SHOP + FILLING[50:])


def kept(question: str, tokens: int) -> list[str]:
    return [table.name for table in select_part(LARGE, question, tokens).schema.tables]


def test_a_schema_that_fits_is_left_as_it_is() -> None:
    whole = select_part(Schema(SHOP), "Which city?", 2000)
    assert (whole.schema, whole.left_out) == (Schema(SHOP), ())


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Which city has the customer Ann?", "customers"),
        ("How many orders are there?", "order_items"),
        ("What is the IBAN of a supplier?", "suppliers"),
        ("What is the sum of qty by customer id?", "order_items"),
        ("Show field 77 3 of log 077", "log_077"),
    ],
)
def test_the_table_that_is_asked_for_is_kept(question: str, first: str) -> None:
    assert first in kept(question, 130)


def test_a_table_that_is_joined_to_it_comes_before_others() -> None:
    assert {"customers", "order_items"} <= set(kept("How many order items are there?", 90))


def test_what_is_left_out_is_named_and_the_rest_is_in_the_schemas_order() -> None:
    part = select_part(LARGE, "Which city has the customer Ann?", 400)
    names = [table.name for table in part.schema.tables]
    assert names == [t.name for t in LARGE.tables if t.name in names]
    assert set(names) | set(part.left_out) == {t.name for t in LARGE.tables}
    assert len(part.left_out) == len(LARGE.tables) - len(names) > 50


def test_a_table_that_does_not_fit_alone_keeps_its_best_columns() -> None:
    columns = tuple(Column(f"measure_{i}", primary_key=i == 700) for i in range(1000))
    wide = Schema((Table("readings", columns),))
    part = select_part(wide, "What is the highest measure 512 of all readings?", 200)
    names = part.schema.tables[0].column_names
    assert {"measure_512", "measure_700"} <= set(names) and len(names) < 100
    assert "readings.measure_999" in part.left_out


def tables_in(request: Request) -> int:
    return request.prompt.count("table: ")


def test_what_the_model_refuses_is_cut_further() -> None:
    def reply(request: Request) -> str:
        if tables_in(request) > 12:
            raise ContextError("the prompt does not fit the context")
        return "SELECT city FROM customers"

    model = ScriptedBackend(reply=reply)
    model.context = 1628
    part, answer = ask_within_context(Asker(model), LARGE, "Which city has Ann?")
    assert answer.sql == "SELECT city FROM customers" and part.left_out
    sizes = list(map(tables_in, model.requests))
    assert sizes == sorted(sizes, reverse=True) and sizes[-1] <= 12


def test_a_question_that_fills_the_context_alone_is_an_error() -> None:
    def reply(request: Request) -> str:
        raise ContextError("the prompt does not fit the context", found="9999 tokens")

    with pytest.raises(InputError, match="9999 tokens"):
        ask_within_context(Asker(ScriptedBackend(reply=reply)), LARGE, "why " * 4000)


def _wide(*names: str, keys: dict[str, str] | None = None) -> Schema:
    columns = tuple(Column(f"detail_{number}") for number in range(12))
    tables = []
    for name in names:
        target = (keys or {}).get(name)
        foreign = (ForeignKey(f"{target}_id", target, "id"),) if target else ()
        tables.append(Table(name, (Column("id"), *columns), foreign))
    return Schema(tuple(tables))


def test_tables_between_two_that_are_asked_for_are_kept() -> None:
    names = ("author", "loan", "shelf", "member", "fine", "branch", "copy", "book")
    keys = {"copy": "book", "loan": "copy", "fine": "loan", "shelf": "branch"}
    part = select_part(_wide(*names, keys=keys), "Which books have a fine?", 260)
    assert {"book", "copy", "loan", "fine"} <= {table.name for table in part.schema.tables}
    assert part.left_out


def test_synonyms_are_found() -> None:
    names = ("a1", "a2", "a3", "a4", "invoices", "a5", "employees")
    part = select_part(_wide(*names), "How many overdue bills has each staff member?", 260)
    assert {"invoices", "employees"} <= {table.name for table in part.schema.tables}


def test_names_are_found_in_a_question_without_blanks() -> None:
    names = ("客户", "订单", "产品", "仓库", "供应商", "员工", "部门", "工资")
    part = select_part(_wide(*names), "各部门的平均工资是多少？", 260)
    assert {"部门", "工资"} <= {table.name for table in part.schema.tables}


def test_a_part_of_a_name_without_blanks_is_found() -> None:
    names = (
        "客户资料表",
        "订单明细表",
        "产品目录表",
        "仓库记录表",
        "供应商资料",
        "员工档案表",
        "部门结构表",
        "工资发放表",
    )
    part = select_part(_wide(*names), "每个员工的工资是多少？", 260)
    assert {"员工档案表", "工资发放表"} <= {table.name for table in part.schema.tables}


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("dpt_list", "How large is each department?"),
        ("tblEmpl", "Who are the employees?"),
        ("orderdates", "Which orders are late?"),
        ("EMP_QTY", "the quantity of each employee"),
        ("warehouse_stock", "What is in whse 3, in stock?"),
    ],
)
def test_abbreviations_and_joined_words_are_found(name: str, question: str) -> None:
    names = ("a1", "a2", "a3", "a4", name, "a5", "a6", "a7")
    assert name in {table.name for table in select_part(_wide(*names), question, 160).schema.tables}


def test_a_wide_table_between_two_keeps_its_keys() -> None:
    link = Table(
        "link",
        (*(Column(f"detail_{i}") for i in range(400)), Column("left_id"), Column("right_id")),
        (ForeignKey("left_id", "lefts", "id"), ForeignKey("right_id", "rights", "id")),
    )
    schema = Schema((table("lefts", "id", "name"), link, table("rights", "id", "name"), *FILLING))
    part = select_part(schema, "Which lefts have which rights?", 200)
    kept_link = part.schema.table("link")
    assert kept_link is not None and {"left_id", "right_id"} <= set(kept_link.column_names)
    assert len(kept_link.foreign_keys) == 2 and "link.detail_399" in part.left_out
    assert {"lefts", "rights"} <= {t.name for t in part.schema.tables}


TYPED = Schema(
    tuple(
        Table(
            f"part_{index}",
            (
                Column("id", "INTEGER", primary_key=True),
                *(Column(f"size_{k}", "REAL", values=(1.25, 10.5), comment="in metres") for k in range(4)),
            ),
            (ForeignKey("id", f"part_{index - 1}", "id"),) if index else (),
        )
        for index in range(60)
    )
)


@pytest.mark.parametrize("name", ["1", "2", "2+types+keys", "2+types+keys+samples+comments"])
def test_what_a_format_shows_counts_for_the_size(name: str) -> None:
    prompt_format = PromptFormat.of(name)
    part = select_part(TYPED, "How large is part 30?", 400, prompt_format)
    prompt = render_prompt(part.schema, "How large is part 30?", prompt_format)
    assert 600 < len(prompt.encode()) <= 1200
    assert "part_30" in [table.name for table in part.schema.tables]
    tables_left_out = [name for name in part.left_out if "." not in name]
    assert len(part.schema.tables) + len(tables_left_out) == 60


def test_a_table_cut_to_its_best_columns_keeps_its_keys_in_the_prompt() -> None:
    columns = (Column("id", "INTEGER", primary_key=True), *(Column(f"c{k}", "REAL") for k in range(200)))
    wide = Table("orders", (*columns, Column("town_id", "INTEGER")), (ForeignKey("town_id", "towns", "id"),))
    towns = Table("towns", (Column("id", "INTEGER", primary_key=True), Column("name")))
    prompt_format = PromptFormat.of("2+types+keys")
    part = select_part(Schema((wide, towns)), "orders of each town", 150, prompt_format)
    prompt = render_prompt(part.schema, "orders of each town", prompt_format)
    assert "table orders: id int*, " in prompt and "town_id int = towns" in prompt
    assert "orders.c150" in part.left_out


def test_the_table_that_holds_a_value_of_the_question_is_kept() -> None:
    hints = PromptHints((ColumnValue("log_077", "field_77_5", "Blue"),))
    prompt_format = PromptFormat.of("2+values")
    part = select_part(LARGE, "Anything blue?", 130, prompt_format, hints)
    assert "log_077" in [table.name for table in part.schema.tables]


@pytest.mark.parametrize("name", ["OrderQTY", "orderQty", "ORDER_QTY", "qty"])
def test_a_short_form_is_found_in_any_case(name: str) -> None:
    schema = Schema((*FILLING, table("deliveries", "id", name)))
    part = select_part(schema, "What is the largest quantity?", 130)
    assert "deliveries" in [table.name for table in part.schema.tables]
