from .index import VERSION as VERSION
from .index import IndexInfo as IndexInfo
from .index import ValueIndex as ValueIndex
from .index import open_index as open_index
from .index_file import ColumnTexts as ColumnTexts
from .index_file import Limits as Limits
from .index_file import write_index as write_index
from .words import fold as fold
from .words import key_of as key_of

__all__ = [
    "VERSION",
    "ColumnTexts",
    "IndexInfo",
    "Limits",
    "ValueIndex",
    "fold",
    "key_of",
    "open_index",
    "write_index",
]
