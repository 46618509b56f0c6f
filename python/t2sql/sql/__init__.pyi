from .addresses import reading_address as reading_address
from .authorizer import Reach as Reach
from .canonical import same_statement as same_statement
from .cell_text import JsonValue as JsonValue
from .cell_text import Value as Value
from .cell_text import json_value as json_value
from .cell_text import printable as printable
from .cell_text import value_text as value_text
from .compare import same_result as same_result
from .double_quotes import with_single_quotes as with_single_quotes
from .errors import SqlError as SqlError
from .errors import SqlErrorKind as SqlErrorKind
from .lexer import KEYWORDS as KEYWORDS
from .lexer import is_ordered as is_ordered
from .lexer import literal as literal
from .lexer import quote as quote
from .lexer import tokens as tokens
from .reader import Reader as Reader
from .reader import check as check
from .reader import execute as execute
from .reader import open_reader as open_reader
from .result import MAX_BYTES as MAX_BYTES
from .result import MAX_ROWS as MAX_ROWS
from .result import TIMEOUT as TIMEOUT
from .result import Limits as Limits
from .result import Result as Result
from .result import Row as Row
from .result import take_rows as take_rows
from .running import Runner as Runner
from .running import Task as Task
from .running import execute_each as execute_each
from .sqlite import SqliteFile as SqliteFile
from .sqlite import SqliteMemory as SqliteMemory
from .tabular import ArrowTable as ArrowTable
from .tabular import DataFrame as DataFrame
from .target import MEMORY_BYTES as MEMORY_BYTES
from .target import Session as Session
from .target import Target as Target

__all__ = [
    "KEYWORDS",
    "MAX_BYTES",
    "MAX_ROWS",
    "MEMORY_BYTES",
    "TIMEOUT",
    "ArrowTable",
    "DataFrame",
    "JsonValue",
    "Limits",
    "Reach",
    "Reader",
    "Result",
    "Row",
    "Runner",
    "Session",
    "SqlError",
    "SqlErrorKind",
    "SqliteFile",
    "SqliteMemory",
    "Target",
    "Task",
    "Value",
    "check",
    "execute",
    "execute_each",
    "is_ordered",
    "json_value",
    "literal",
    "open_reader",
    "printable",
    "quote",
    "reading_address",
    "same_result",
    "same_statement",
    "take_rows",
    "tokens",
    "value_text",
    "with_single_quotes",
]
