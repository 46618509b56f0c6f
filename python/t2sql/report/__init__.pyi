from .contents import collect as collect
from .improving import improvement as improvement
from .improving import improvement_sentence as improvement_sentence
from .render import write as write

__all__ = [
    "collect",
    "improvement",
    "improvement_sentence",
    "write",
]
