from . import source as source
from .engine import parsed as parsed
from .engine import read_only_engine as read_only_engine
from .source import Edge as Edge
from .source import SourceColumn as SourceColumn
from .source import SourceTable as SourceTable
from .source import file_of as file_of
from .source import has_password as has_password
from .source import shown as shown

__all__ = [
    "Edge",
    "SourceColumn",
    "SourceTable",
    "file_of",
    "has_password",
    "parsed",
    "read_only_engine",
    "shown",
    "source",
]
