from .archive import OFFICIAL as OFFICIAL
from .archive import Archive as Archive
from .reader import SIZES as SIZES
from .reader import read as read
from .tutorial import Reading as Reading
from .tutorial import executable as executable
from .tutorial import readings as readings

__all__ = ["OFFICIAL", "SIZES", "Archive", "Reading", "executable", "read", "readings"]
