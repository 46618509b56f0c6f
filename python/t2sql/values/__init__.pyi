from .columns import Namespaces as Namespaces
from .columns import is_text as is_text
from .columns import needs_cast as needs_cast
from .columns import quoted_table as quoted_table
from .index import VERSION as VERSION
from .index import ColumnSamples as ColumnSamples
from .index import IndexInfo as IndexInfo
from .index import ValueIndex as ValueIndex
from .index import memory_index as memory_index
from .index import open_index as open_index
from .index_file import ColumnTexts as ColumnTexts
from .index_file import Limits as Limits
from .index_file import write_index as write_index
from .samples import with_samples as with_samples
from .words import fold as fold
from .words import key_of as key_of

__all__ = [
    "VERSION",
    "ColumnSamples",
    "ColumnTexts",
    "IndexInfo",
    "Limits",
    "Namespaces",
    "ValueIndex",
    "fold",
    "is_text",
    "key_of",
    "memory_index",
    "needs_cast",
    "open_index",
    "quoted_table",
    "with_samples",
    "write_index",
]
