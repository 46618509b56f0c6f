from .answer import LiveAnswer as LiveAnswer
from .answer import empty_doubt as empty_doubt
from .asking import MAX_QUESTION_CHARACTERS as MAX_QUESTION_CHARACTERS
from .asking import ask_database as ask_database
from .database import LiveDatabase as LiveDatabase
from .database import open_database as open_database
from .remembering import remember as remember
from .row_files import check_file as check_file
from .row_files import write_file as write_file
from .rows import FORMATS as FORMATS
from .rows import RowFormat as RowFormat
from .rows import format_rows as format_rows
from .rows import json_rows as json_rows
from .running import Limits as Limits
from .statement import Statement as Statement
from .statement import prepare as prepare

__all__ = [
    "FORMATS",
    "MAX_QUESTION_CHARACTERS",
    "Limits",
    "LiveAnswer",
    "LiveDatabase",
    "RowFormat",
    "Statement",
    "ask_database",
    "check_file",
    "empty_doubt",
    "format_rows",
    "json_rows",
    "open_database",
    "prepare",
    "remember",
    "write_file",
]
