from .answer import MAX_QUESTION_CHARACTERS as MAX_QUESTION_CHARACTERS
from .answer import Ask as Ask
from .answer import LiveAnswer as LiveAnswer
from .answer import ask_database as ask_database
from .answer import context_of as context_of
from .database import LiveDatabase as LiveDatabase
from .database import open_database as open_database
from .rows import FORMATS as FORMATS
from .rows import printable as printable
from .rows import write_file as write_file
from .rows import written as written
from .statement import Statement as Statement
from .statement import prepare as prepare

__all__ = [
    "FORMATS",
    "MAX_QUESTION_CHARACTERS",
    "Ask",
    "LiveAnswer",
    "LiveDatabase",
    "Statement",
    "ask_database",
    "context_of",
    "open_database",
    "prepare",
    "printable",
    "write_file",
    "written",
]
