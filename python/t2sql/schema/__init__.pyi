from .tables import Column as Column
from .tables import ForeignKey as ForeignKey
from .tables import Schema as Schema
from .tables import Table as Table
from .words import items_of as items_of
from .words import listed as listed
from .words import phrase_of as phrase_of
from .words import plural as plural
from .words import words_of as words_of

__all__ = [
    "Column",
    "ForeignKey",
    "Schema",
    "Table",
    "items_of",
    "listed",
    "phrase_of",
    "plural",
    "words_of",
]
