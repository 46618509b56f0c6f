from .canonical import same_statement as same_statement
from .compare import same_result as same_result
from .execute import MAX_BYTES as MAX_BYTES
from .execute import MAX_ROWS as MAX_ROWS
from .execute import TIMEOUT as TIMEOUT
from .execute import Reader as Reader
from .execute import Result as Result
from .execute import SqlError as SqlError
from .execute import check as check
from .execute import execute as execute
from .execute import open_reader as open_reader
from .guard import guard as guard
from .lexer import KEYWORDS as KEYWORDS
from .lexer import is_ordered as is_ordered
from .lexer import literal as literal
from .lexer import quote as quote
from .lexer import tokens as tokens

__all__ = [
    "KEYWORDS",
    "MAX_BYTES",
    "MAX_ROWS",
    "TIMEOUT",
    "Reader",
    "Result",
    "SqlError",
    "check",
    "execute",
    "guard",
    "is_ordered",
    "literal",
    "open_reader",
    "quote",
    "same_result",
    "same_statement",
    "tokens",
]
