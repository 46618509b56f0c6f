from .answers import Origin as Origin
from .answers import RememberedAnswer as RememberedAnswer
from .answers import question_key as question_key
from .places import remembered_file as remembered_file
from .store import RememberedStore as RememberedStore

__all__ = [
    "Origin",
    "RememberedAnswer",
    "RememberedStore",
    "question_key",
    "remembered_file",
]
