"""The tools: each is computed by serve's workers, within the server's limits."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

import t2sql
from t2sql.errors import InputError
from t2sql.generate import AskOptions, Cancelled
from t2sql.live import LiveDatabase
from t2sql.mcp_server.results import QuestionAnswer, Rows, StatementCheck, StatementRows
from t2sql.plain import JsonObject
from t2sql.serve import Settings, Workers, ask_live, refusal_of
from t2sql.sql import SqlError

T = TypeVar("T")
_INSTRUCTIONS = (
    "Questions about one SQL database, which is only read. Ask a question in words with `ask`; look at "
    "`status` and `doubts` before you rely on an answer. `schema` has the tables; `run` takes a statement of "
    "your own, and `explain` checks one without running it."
)
_READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, open_world_hint=False)
SCHEMA_URI = "t2sql://schema"

Question = Annotated[str, Field(description="One question about the database, in words.")]
Sql = Annotated[str, Field(description="One SELECT, in the database's dialect or in SQLite's.")]
MaxRows = Annotated[int | None, Field(ge=1, description="The most rows; the server has a limit of its own.")]


class Tools:
    """What the tools do."""

    def __init__(self, workers: Workers, database: LiveDatabase, settings: Settings) -> None:
        """Take what they need; who made it closes it.

        Args:
            workers: The model.
            database: The database.
            settings: The limits.
        """
        self._workers, self._database, self._settings = workers, database, settings

    async def ask(self, question: Question, execute: bool = True, max_rows: MaxRows = None) -> QuestionAnswer:
        """Answer a question in words: the model's statement, checked, its rows, and how sure it is."""

        def work(cancelled: Cancelled) -> QuestionAnswer:
            options = AskOptions(max_tokens=self._settings.max_tokens)
            limits = self._settings.limits(max_rows) if execute else None
            answer = ask_live(self._workers, self._database, question, options, limits, cancelled)
            return QuestionAnswer.of(answer)

        return await self._result(work)

    async def run(self, sql: Sql, max_rows: MaxRows = None) -> StatementRows:
        """Run one SELECT of your own; anything that could change the database is refused."""

        def work(cancelled: Cancelled) -> StatementRows:
            statement = self._database.prepare(sql)
            result = self._database.execute(statement, self._settings.limits(max_rows), cancelled=cancelled)
            check = StatementCheck.of(statement)
            return StatementRows(**check.model_dump(), result=Rows.of(result))

        return await self._result(work)

    async def explain(self, sql: Sql) -> StatementCheck:
        """Check one SELECT without running it: what the database would get, and what may be wrong with it."""
        return await self._result(lambda cancelled: StatementCheck.of(self._database.prepare(sql)))

    async def schema(
        self,
        tables: Annotated[
            list[str] | None, Field(description="Names of tables; null for all of the database.")
        ] = None,
    ) -> dict[str, Any]:
        """The tables of the database with columns, types and keys."""
        return await self._result(lambda cancelled: dict(self.schema_document(tables)))

    def schema_document(self, tables: list[str] | None = None) -> JsonObject:
        """The schema as JSON; see `t2sql.schema.Schema.to_dict`.

        Args:
            tables: Names of tables; None for all.

        Raises:
            InputError: There is no such table.
        """
        schema = self._database.schema()
        chosen = schema.tables
        if tables is not None:
            found = {name: schema.table(name) for name in tables}
            if missing := [name for name, table in found.items() if table is None]:
                known = ", ".join(table.name for table in schema.tables)
                raise InputError("there is no such table", expected=f"one of {known}", found=missing[0])
            chosen = tuple(table for table in found.values() if table is not None)
        return type(schema)(chosen).to_dict()

    async def _result(self, work: Callable[[Cancelled], T]) -> T:
        """What the work returns; its error as the agent may read it."""
        try:
            (result,) = await self._workers.answers(None, [work], self._settings.request_seconds)
        except SqlError as error:
            raise ToolError(f"the statement cannot be run: {error.found}") from error
        except Exception as error:
            raise ToolError(refusal_of(error).message) from error
        return result


def create_server(workers: Workers, database: LiveDatabase, settings: Settings) -> MCPServer:
    """Make the MCP server, with the tools and the schema as a resource.

    Args:
        workers: The model.
        database: The database.
        settings: The limits.
    """
    server = MCPServer(
        "t2sql", title="t2sql", instructions=_INSTRUCTIONS, version=t2sql.__version__, log_level="ERROR"
    )
    tools = Tools(workers, database, settings)
    for tool in (tools.ask, tools.run, tools.schema, tools.explain):
        server.add_tool(tool, annotations=_READS)

    async def schema() -> str:
        try:
            return json.dumps(await tools.schema(), ensure_ascii=False)
        except ToolError as error:
            raise ResourceError(str(error)) from error

    description = "The tables of the database with columns, types and keys."
    resource = server.resource(
        SCHEMA_URI, name="schema", description=description, mime_type="application/json"
    )
    resource(schema)
    return server
